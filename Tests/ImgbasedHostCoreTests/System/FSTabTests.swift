import ImgbasedCore
import ImgbasedHostCore
import Testing

@Suite struct FSTabTests {
    private static let device = "/dev/HostVG/Base-0.1"

    @Test(arguments: [
        // No line: one is added in front.
        ("", "/dev/HostVG/Base-0.1 / ext4 defaults,discard 0 1\n"),
        ("# empty\n", "/dev/HostVG/Base-0.1 / ext4 defaults,discard 0 1\n# empty\n"),
        // The administrator's options stay.
        (
            "UUID=1 / xfs noatime,errors=remount-ro 0 0\n",
            "\(device) / ext4 noatime,errors=remount-ro,discard 0 1\n"
        ),
        ("UUID=1\t/\text4\tdiscard,ro\t0\t1\n", "\(device) / ext4 discard,ro 0 1\n"),
        ("UUID=1 / ext4 nodiscard 0 1\n", "\(device) / ext4 discard 0 1\n"),
        ("UUID=1 / ext4\n", "\(device) / ext4 defaults,discard 0 1\n"),
        // The rest stays unchanged, to the byte.
        (
            "# a\n\n  \tUUID=1 / ext4 x 0 1\n/dev/sr0\t /media  iso9660 ro\n# / comment / here\n",
            "# a\n\n\(device) / ext4 x,discard 0 1\n/dev/sr0\t /media  iso9660 ro\n# / comment / here\n"
        ),
        // To Swift, the comma is one character with the sign before it.
        ("UUID=1 / ext4 x=\u{6DD},nodiscard 0 1\n", "\(device) / ext4 x=\u{6DD},discard 0 1\n"),
        ("#\u{301} / ext4\n", "\(device) / ext4 defaults,discard 0 1\n#\u{301} / ext4\n"),
        // A second line for the root would win.
        ("a / ext4 x 0 1\nb / ext4 y 0 1\n", "\(device) / ext4 x,discard 0 1\n"),
        // The last line without a newline.
        ("a / ext4 x 0 1\nb /b ext4", "\(device) / ext4 x,discard 0 1\nb /b ext4\n"),
    ])
    func setsRoot(before: String, after: String) {
        var table = FSTab(Array(before.utf8))
        table.setRoot(source: FSTabTests.device, type: "ext4")
        #expect(String(decoding: table.contents, as: UTF8.self) == after)
        let once = table
        table.setRoot(source: FSTabTests.device, type: "ext4")
        #expect(table == once, "twice is once")
    }

    @Test func keepsBytesThatAreNoText() {
        var table = FSTab([0xFF, 0xFE, 0x0A])
        table.add(FSTab.Entry(source: "x", target: "/x", type: "ext4", options: "defaults"))
        #expect(table.contents == [0xFF, 0xFE, 0x0A] + Array("x /x ext4 defaults 0 0\n".utf8))
    }

    @Test func addsOnlyWhatIsMissing() {
        let table = FSTab(Array("UUID=1 /boot ext4 ro 0 2\n".utf8))
        var same = table
        same.add(FSTab.Entry(source: "UUID=2", target: "/boot", type: "ext4", options: "defaults"))
        #expect(same == table)
        #expect(same.entry(at: "/boot")?.options == "ro")
        #expect(same.entry(at: "/home") == nil)
        // With a slash at the end it is the same place.
        let slash = FSTab(Array("UUID=1 /boot/ ext4 ro 0 2\nUUID=3 // ext4\n".utf8))
        same = slash
        same.add(FSTab.Entry(source: "UUID=2", target: "/boot", type: "ext4", options: "defaults"))
        #expect(same == slash)
        #expect(same.entries.map(\.target) == ["/boot", "/"])
        same.set(FSTab.Entry(source: "UUID=2", target: "/boot", type: "ext4", options: "rw"))
        #expect(same.contents == Array("UUID=2 /boot ext4 rw 0 0\nUUID=3 // ext4\n".utf8))
    }
}

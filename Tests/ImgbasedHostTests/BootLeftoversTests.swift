import Foundation
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

@testable import ImgbasedHost

@Suite struct BootLeftoversTests {
    private func boot() -> BootState {
        var boot = BootState()
        boot.loader = .grub(directory: "/boot/grub")
        return boot
    }

    @Test func findsWhatReplacingFilesLeaves() throws {
        let scratch = try Scratch()
        let left = [
            "/boot/grub/.imgbased.cfg.imgbased-new", "/boot/imgbased/.imgbased-new",
            "/boot/imgbased/.staging/imgbased.cfg",
            "/boot/loader/.imgbased.env.imgbased-new",
            "/boot/loader/entries/.imgbased-Base-0.1.conf.imgbased-new", "/etc/.fstab.imgbased-new",
        ]
        for path in left where path != left[1] { try scratch.write(path, [1]) }
        try scratch.write("boot/imgbased/.imgbased-new/linux", [1])
        // Other programs' files, or files in places where imgbased does not write.
        for path in [
            "boot/grub/.grub.cfg.new", "boot/grub/imgbased-new", "boot/grub/x.imgbased-new",
            "boot/.x.imgbased-new",
        ] { try scratch.write(path, [1]) }
        try FileManager.default.createDirectory(
            atPath: scratch("boot/grub/.directory.imgbased-new"), withIntermediateDirectories: true)
        try scratch.link("etc/.link.imgbased-new", to: "/nowhere")
        #expect(try BootLeftovers.paths(boot(), in: ConfinedTree(scratch.path)).sorted() == left)
    }

    /// The link leads elsewhere for a boot loader, and its target is not ours.
    @Test(arguments: ["/etc/passwd", "nowhere", "block", "/dev/null"])
    func aRecordBehindALinkIsNotRead(target: String) throws {
        let scratch = try Scratch()
        try scratch.write("etc/passwd", [1])
        try scratch.write("boot/grub/block", Array(repeating: UInt8(ascii: "#"), count: 1024))
        try scratch.link("boot/grub/imgbased.env", to: target)
        var state = boot()
        try BootProbe.readRecord("/boot/grub/imgbased.env", ConfinedTree(scratch.path), &state)
        #expect(state.recordLink == "/boot/grub/imgbased.env")
        #expect(state.environment == nil)
        try BootProbe.readRecord("/boot/grub/block", ConfinedTree(scratch.path), &state)
        #expect(state.environment?.count == 1024)
        #expect(state.recordLink == "/boot/grub/imgbased.env")
    }

    @Test func whatALinkLeadsToIsNotLeft() throws {
        let scratch = try Scratch()
        try scratch.write("others/file", [1])
        try scratch.write("boot/imgbased/menu.cfg", [1])
        try scratch.link("boot/imgbased/.staging", to: "/others")
        #expect(try BootLeftovers.paths(boot(), in: ConfinedTree(scratch.path)) == [])
    }

    /// Of a layer's two files, the readable one counts, whatever their order.
    @Test(arguments: [("+2-1", ""), ("", "+2-1")])
    func readsTheEntryThatCanBeRead(whole: String, empty: String) throws {
        let scratch = try Scratch()
        let text = "title x\nlinux /imgbased/x/linux\ninitrd /imgbased/x/initrd\n"
        try scratch.write("boot/loader/entries/imgbased-Base-0.1\(whole).conf", text.utf8)
        try scratch.write("boot/loader/entries/imgbased-Base-0.1\(empty).conf", "".utf8)
        try scratch.write("boot/loader/entries/imgbased-Base-0.2.conf", "title y\n".utf8)
        var boot = BootState()
        boot.loader = .systemdBoot
        try BootProbe.readEntries(ConfinedTree(scratch.path), &boot)
        #expect(boot.entries == ["Base-0.1": text, "Base-0.2": "title y\n"])
        #expect(boot.entryFiles["Base-0.1"]?.count == 2)
        #expect(boot.damagedEntryFiles == ["imgbased-Base-0.1\(empty).conf"])
    }

    @Test func leavesWhatOthersBoot() throws {
        let scratch = try Scratch()
        let digests = "abcdef".map { String(repeating: $0, count: 64) }
        func entry(_ digest: String) -> String.UTF8View { "linux /imgbased/\(digest)/linux\n".utf8 }
        try scratch.write("boot/loader/entries/imgbased-Base-0.1.conf", entry(digests[0]))
        try scratch.write("boot/loader/entries/mine.conf", entry(digests[1]))
        try scratch.write("boot/loader/entries/mine.txt", entry(digests[2]))
        try scratch.write("boot/grub/custom.cfg", entry(digests[3]))
        try scratch.write("boot/loader/entries/odd.conf/file", entry(digests[5]))
        var boot = boot()
        boot.digests = Set(digests)
        boot.grubConfig = String(entry(digests[4]))
        #expect(
            try BootLeftovers.foreignDigests(boot, in: ConfinedTree(scratch.path))
                == [digests[1], digests[3], digests[4]])
    }
}

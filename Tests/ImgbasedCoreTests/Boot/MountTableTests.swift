import Testing

@testable import ImgbasedCore

@Suite struct MountTableTests {
    private static let text = """
        22 1 0:21 / / rw shared:1 - rootfs rootfs rw
        36 22 253:4 / /sysroot rw,noatime - ext4 /dev/mapper/HostVG-Base--0.1 rw,errors=remount-ro
        37 36 0:35 / /sysroot/a\\040b\\134c rw shared:2 master:1 - tmpfs tmp\\011fs rw
        junk
        38 22 0:36 / /sysroot ro,relatime shared:3 - overlay overlay rw,lowerdir=/run/imgbased/layer,upperdir=/u
        1 2 3:4 / /short rw -
        """

    @Test func seesWhatWasMountedLast() {
        let table = MountTable(Self.text.utf8)
        #expect(table.entries.count == 4)
        let top = table.top(at: "/sysroot")
        #expect(top?.type == "overlay")
        #expect(top?.options == ["ro", "relatime"])
        #expect(top?.fileSystemOptions.contains("lowerdir=/run/imgbased/layer") == true)
        #expect(table.entries[1].number == "253:4")
        #expect(table.entries[1].source == "/dev/mapper/HostVG-Base--0.1")
        #expect(table.top(at: "/elsewhere") == nil)
    }

    @Test func undoesEscapes() {
        #expect(MountTable(Self.text.utf8).top(at: "/sysroot/a b\\c")?.source == "tmp\tfs")
    }
}

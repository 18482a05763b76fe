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

    @Test func tellsPlacesByteForByte() {
        let table =
            Array(
                """
                68 27 0:39 / /etc/a\\040b\\134c\\012 rw,relatime - fuse dead rw
                69 27 0:39 / /etc/dead rw - fuse dead rw
                70 27 0:39 / /etc/dead rw - fuse again rw
                not a line
                71 27 0:39 / relative rw - fuse dead rw
                72 27 0:39 / /x\\9 rw - fuse  rw
                73 27 0:39 / /
                """.utf8) + [0xFF] + Array(" rw shared:1 - fuse dead rw\n".utf8)
        #expect(
            MountTable(table).places.map(\.bytes)
                == ["/etc/a b\\c\n", "/etc/dead", "/x\\9"].map { Array($0.utf8) } + [[0x2F, 0xFF]])
        #expect(MountTable([]).places == [])
    }
}

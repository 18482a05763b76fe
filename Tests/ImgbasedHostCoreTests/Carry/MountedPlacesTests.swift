import ImgbasedCore
import Testing

@testable import ImgbasedHostCore

@Suite struct MountedPlacesTests {
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

import ImgbasedCore
import Testing

@Suite struct MountedPlacesTests {
    @Test func readsPlaces() {
        let table = """
            21 27 0:19 / /sys rw,nosuid shared:7 - sysfs sysfs rw
            68 27 0:39 / /etc/a\\040b\\134c\\012 rw,relatime - fuse dead rw
            69 27 0:39 / /etc/dead rw - fuse dead rw
            70 27 0:39 / /etc/dead rw - fuse again rw
            not a line
            71 27 0:39 / relative rw - fuse dead rw
            72 27 0:39 / /x\\9
            """
        #expect(
            MountedPlaces.of(table.utf8).map(\.bytes)
                == ["/etc/a b\\c\n", "/etc/dead", "/sys", "/x\\9"].map { Array($0.utf8) })
        #expect(MountedPlaces.of([]) == [])
    }
}

import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// The lines of data volumes in a file-system table.
@Suite struct DataTableTests {
    private static let options = "defaults,nofail,x-systemd.before=local-fs.target,discard"

    /// The table of a host with these volumes: the name, the place, and whether it is attached.
    private static func table(_ volumes: [(String, String, Bool)], ignoresDiscards: Bool = false) -> DataTable
    {
        var state = HostState()
        var pool = Volume(
            path: VolumePath(group: "HostVG", name: "ImagePool"), size: Bytes(1 << 30), tags: [Tag.pool],
            segmentType: "thin-pool")
        pool.ignoresDiscards = ignoresDiscards
        state.volumes = [pool]
        for (name, place, isAttached) in volumes {
            let tags = [Tag.dataVolume, Tag.pathPrefix + place] + (isAttached ? [Tag.attached] : [])
            state.volumes.append(
                Volume(
                    path: VolumePath(group: "HostVG", name: name), size: Bytes(1 << 30), tags: Set(tags),
                    segmentType: "thin", pool: "ImagePool"))
        }
        return DataTable(state, group: "HostVG")
    }

    private static func applied(_ table: DataTable, _ before: String) -> String {
        let once = table.applied(to: Array(before.utf8))
        #expect(table.applied(to: once) == once, "twice is once")
        return String(decoding: once, as: UTF8.self)
    }

    @Test func aPlaceComesBeforeThoseInIt() {
        let table = Self.table([("b", "/var/log/audit", true), ("a", "/var/log", true), ("h", "/home", true)])
        #expect(
            Self.applied(table, "UUID=1 / ext4 defaults 0 1\n") == """
                UUID=1 / ext4 defaults 0 1
                /dev/HostVG/h /home auto \(Self.options) 0 2
                /dev/HostVG/a /var/log auto \(Self.options) 0 2
                /dev/HostVG/b /var/log/audit auto \(Self.options) 0 2

                """)
    }

    @Test func otherLinesStayWhereTheyAre() {
        let table = Self.table([("srv", "/srv", true), ("old", "/old", false)])
        // After the directory above, before the directory below, and no line for what is detached.
        let before = """
            # mine
            /dev/HostVG/old /old auto defaults 0 2
            server:/x /srv/nfs nfs defaults 0 0
            /dev/HostVG/old /mnt ext4 noauto 0 0
            """
        #expect(
            Self.applied(table, before) == """
                # mine
                /dev/HostVG/srv /srv auto \(Self.options) 0 2
                server:/x /srv/nfs nfs defaults 0 0
                /dev/HostVG/old /mnt ext4 noauto 0 0

                """)
        let below = Self.applied(
            Self.table([("x", "/var/log", true)]), "/dev/sdc1 /var ext4 defaults 0 2\n# end\n")
        #expect(
            below
                == "/dev/sdc1 /var ext4 defaults 0 2\n# end\n/dev/HostVG/x /var/log auto \(Self.options) 0 2\n"
        )
    }

    @Test func theOptionsOfAnAdministratorStay() {
        let table = Self.table([("srv", "/srv", true)])
        let line = "/dev/mapper/HostVG-srv\t/srv/ ext4  noexec,nodev 0 0\n# end\n"
        #expect(Self.applied(table, line) == line)
        // What mounts something else there goes, and so does a second line.
        #expect(Self.applied(table, "UUID=2 /srv ext4 defaults 0 2\n" + line) == line)
        #expect(Self.applied(table, line + "UUID=2 /srv ext4 defaults 0 2\n") == line)
    }

    /// Nothing is rewritten for nothing: not even the end of the last line.
    @Test func withoutAChangeEachByteStays() {
        let text = "UUID=1 / ext4 defaults 0 1\n\n# end"
        #expect(Self.applied(Self.table([]), text) == text)
        #expect(Self.applied(Self.table([("old", "/old", false)]), text) == text)
    }

    /// oVirt's imgbased has its own lines for its volumes, which have no tag with a path.
    @Test func linesOfOthersStay() {
        var state = HostState()
        state.volumes = [
            Volume(
                path: VolumePath(group: "HostVG", name: "var-log"), size: Bytes(1 << 30),
                tags: [Tag.dataVolume], segmentType: "thin")
        ]
        #expect(state.dataVolumes("HostVG").map(\.place.text) == ["/var/log"])
        let line = "/dev/HostVG/var-log /var/log ext4 discard 0 0"
        #expect(Self.applied(DataTable(state, group: "HostVG"), line) == line)
    }

    @Test func discardsAreNotAskedForInVain() {
        let table = Self.table([("srv", "/srv", true)], ignoresDiscards: true)
        #expect(
            Self.applied(table, "")
                == "/dev/HostVG/srv /srv auto defaults,nofail,x-systemd.before=local-fs.target 0 2\n")
    }

    @Test func aBlankInAPath() throws {
        let table = Self.table([("a", "/srv/a#20b", true)])
        let text = Self.applied(table, "")
        #expect(text.hasPrefix("/dev/HostVG/a /srv/a\\040b auto "))
    }
}

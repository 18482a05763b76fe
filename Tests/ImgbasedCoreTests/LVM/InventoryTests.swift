import Testing

@testable import ImgbasedCore

@Suite struct InventoryTests {
    private static let second = "11111111111111111111111111111111"
    /// The group on two disks.
    private static let twoDisks = Fixture.adding(
        "pv1 { id = \"\(second)\" status = [] dev_size = 4194304 pe_start = 2048 pe_count = 511 }",
        to: "physical_volumes")
    private static let tag = Fixture.adding("tags = [\"imgbased:vg\"]", to: "HostVG")

    private func scan(
        _ path: String, id: String = "2CibBLALoUjSnIi9X6FocFVIDc4vb7Tj", _ edits: [(String, String)],
        _ change: (inout DiskImage) -> Void = { _ in }
    ) throws -> PhysicalVolumeScan {
        var image = DiskImage(try Fixture.text(edits))
        image.id = id
        change(&image)
        return try #require(try PhysicalVolumeScan.read(image.source, path: path))
    }

    private func state(_ scans: [PhysicalVolumeScan], _ wanted: GroupSelector = .named("HostVG"))
        -> GroupState
    {
        var inventory = Inventory()
        scans.forEach { inventory.add($0) }
        return inventory.volumeGroup(wanted)
    }

    private func reason(_ state: GroupState) -> String? {
        if case .refused(let refusal, _) = state { refusal.reason } else { nil }
    }

    /// lvm2, which may know better, has to be told the layer.
    @Test func givesTheNewestMetadataOfWhatItRefuses() throws {
        let newer = ("seqno = 11", "seqno = 12")
        let scans = [try scan("/dev/vda", []), try scan("/dev/vdb", id: Self.second, [newer])]
        guard case .refused(_, let group) = state(scans) else {
            Issue.record("not refused")
            return
        }
        #expect(group?.sequenceNumber == 12)
    }

    @Test func findsNothing() throws {
        #expect(state([]) == .absent)
        #expect(state([try scan("/dev/vda", [])], .named("Other")) == .absent)
        #expect(state([try scan("/dev/vda", [(" HostVG { ", " OtherVG { ")])], .standard) == .absent)
    }

    @Test(arguments: [GroupSelector.named("HostVG"), .standard])
    func findsAGroup(wanted: GroupSelector) throws {
        let scan = try scan("/dev/vda", [Self.tag])
        guard case .complete(let group, let devices) = state([scan], wanted) else {
            Issue.record("not complete")
            return
        }
        #expect(group == scan.volumeGroup)
        #expect(devices == [scan.id: "/dev/vda"])
    }

    @Test func aTagCountsForMoreThanTheUsualName() throws {
        let edits = [
            ("zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU", "arbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU"),
            (" HostVG { ", " OtherVG { tags = [\"imgbased:vg\"] "), (Fixture.disk, Self.second),
        ]
        let untagged = try scan("/dev/sda", [])
        let tagged = try scan("/dev/sdb", id: Self.second, edits)
        for (scans, name) in [([untagged], "HostVG"), ([untagged, tagged], "OtherVG")] {
            guard case .complete(let group, _) = state(scans, .standard) else {
                Issue.record("not complete")
                continue
            }
            #expect(group.name == name)
        }
    }

    @Test func waitsForDisks() throws {
        let first = try scan("/dev/vda", [Self.twoDisks])
        let other = try scan("/dev/vdb", id: Self.second, [Self.twoDisks])
        let group = try #require(first.volumeGroup)
        #expect(state([first]) == .incomplete(group, missing: [other.id]))
        #expect(state([other]) == .incomplete(group, missing: [first.id]))
        let devices = [first.id: "/dev/vda", other.id: "/dev/vdb"]
        #expect(state([other, first]) == .complete(group, devices: devices))
        // A disk that leaves the metadata to the other one.
        let bare = try scan("/dev/vdb", id: Self.second, []) { $0.textOffset = 0 }
        #expect(state([bare]) == .absent)
        #expect(state([bare, first]) == .complete(group, devices: devices))
    }

    @Test func keepsTheLastScanOfAPath() throws {
        let scan = try scan("/dev/vda", [])
        let devices = [scan.id: "/dev/vda"]
        #expect(state([scan, scan]) == .complete(try #require(scan.volumeGroup), devices: devices))
        var inventory = Inventory()
        inventory.add(scan)
        inventory.remove(path: "/dev/vda")
        #expect(inventory.volumeGroup(.named("HostVG")) == .absent)
    }

    @Test func refusesDuplicates() throws {
        let scans = [try scan("/dev/sda", []), try scan("/dev/sdb", [])]
        #expect(reason(state(scans)) == "'/dev/sda' and '/dev/sdb' are both physical volume \(Fixture.disk)")
    }

    @Test func refusesTwoGroupsOfOneName() throws {
        let other = ("zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU", "arbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU")
        let scans = [try scan("/dev/sda", []), try scan("/dev/sdb", id: Self.second, [other])]
        #expect(reason(state(scans)) == "there are 2 volume groups named 'HostVG'")
    }

    @Test func refusesTwoGroupsOfOneTag() throws {
        let edits = [
            ("zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU", "arbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU"),
            (" HostVG { ", " OtherVG { tags = [\"imgbased:vg\"] "), (Fixture.disk, Self.second),
        ]
        let scans = [try scan("/dev/sda", [Self.tag]), try scan("/dev/sdb", id: Self.second, edits)]
        let list =
            "the volume groups 'HostVG', 'OtherVG' all are tagged 'imgbased:vg'; name one with rd.imgbased.vg="
        #expect(reason(state(scans, .standard)) == list)
        guard case .complete(let group, _) = state(scans, .named("OtherVG")) else {
            Issue.record("not complete")
            return
        }
        #expect(group.name == "OtherVG")
    }

    /// Also where only one of them has the name or tag that is asked for.
    @Test(arguments: [("seqno = 11", "seqno = 12"), ("max_lv = 0", "max_lv = 9"), (" HostVG {", " NewVG {")])
    func refusesCopiesThatDisagree(edit: (String, String)) throws {
        let scans = [
            try scan("/dev/vda", [Self.twoDisks]),
            try scan("/dev/vdb", id: Self.second, [Self.twoDisks, edit]),
        ]
        let changes =
            edit.1 == "seqno = 12" ? "11 of its metadata, the other 12" : "11 of its metadata, the other 11"
        #expect(
            reason(state(scans))
                == "'/dev/vda' and '/dev/vdb' disagree on volume group 'HostVG': one has change " + changes)
        #expect(reason(state(scans.reversed())) != nil)
    }

    @Test func refusesFlaws() throws {
        let scan = try scan("/dev/vda", []) { $0.secondText = $0.text + [0x20] }
        #expect(reason(state([scan])) == "the copies of the metadata on '/dev/vda' differ")
    }

    @Test func refusesSmallDisks() throws {
        let scan = try scan("/dev/vda", []) { $0.size = (2 << 30) - 1 }
        #expect(reason(state([scan])) == "'/dev/vda' is smaller than physical volume \(Fixture.disk) was")
        #expect(reason(state([try self.scan("/dev/vda", []) { $0.size = 3 << 30 }])) == nil)
        let huge = try self.scan("/dev/vda", [("dev_size = 4194304", "dev_size = 9223372036854775807")])
        #expect(reason(state([huge])) != nil)
    }

    @Test func refusesDisksOfOtherGroups() throws {
        let other = [
            ("zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU", "arbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU"),
            (" HostVG {", " OtherVG {"),
        ]
        let scans = [try scan("/dev/vda", [Self.twoDisks]), try scan("/dev/vdb", id: Self.second, other)]
        #expect(
            reason(state(scans)) == "'/dev/vdb' belongs to volume group 'OtherVG', and 'HostVG' claims it too"
        )
    }

    @Test func refusesDisksThatWereRemoved() throws {
        let scans = [try scan("/dev/vda", []), try scan("/dev/vdb", id: Self.second, [])]
        #expect(
            reason(state(scans)) == "'/dev/vdb' holds metadata of volume group 'HostVG' and is no part of it")
    }

    /// At once, without waiting for the disk that is missing.
    @Test func refusesWhatTheGroupSays() throws {
        let exported = ("\"RESIZEABLE\"", "\"EXPORTED\", \"RESIZEABLE\"")
        #expect(
            reason(state([try scan("/dev/vda", [Self.twoDisks, exported])]))
                == "volume group 'HostVG' is exported")
    }
}

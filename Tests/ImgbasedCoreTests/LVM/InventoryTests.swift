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
        var reader = MetadataReader()
        return try #require(try PhysicalVolumeScan.read(image.source, path: path, by: &reader))
    }

    private func state(_ scans: [PhysicalVolumeScan], _ wanted: GroupSelector = .named("HostVG"))
        -> GroupState
    {
        var inventory = Inventory()
        scans.forEach { inventory.add($0) }
        return inventory.volumeGroup(wanted)
    }

    private func located(
        _ scans: [PhysicalVolumeScan], _ wanted: GroupSelector = .named("HostVG")
    ) throws -> LocatedGroup {
        guard case .found(let located) = state(scans, wanted) else {
            Issue.record("not found")
            throw Refusal("not found")
        }
        return located
    }

    /// Why `volume` of `scans` is not ours to activate; `nil` if it is.
    private func refusal(_ scans: [PhysicalVolumeScan], _ volume: String = "Base-0.1") throws -> String? {
        let located = try located(scans)
        do throws(Refusal) {
            let plan = try located.plan(for: volume)
            try located.check(plan)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test func findsNothing() throws {
        #expect(state([]) == .absent)
        #expect(state([try scan("/dev/vda", [])], .named("Other")) == .absent)
        #expect(state([try scan("/dev/vda", [(" HostVG { ", " OtherVG { ")])], .default) == .absent)
    }

    @Test(arguments: [GroupSelector.named("HostVG"), .default])
    func findsAGroup(wanted: GroupSelector) throws {
        let scan = try scan("/dev/vda", [Self.tag])
        let located = try located([scan], wanted)
        #expect(located.group == scan.volumeGroup)
        #expect(located.devices == [scan.id: "/dev/vda"])
        #expect(located.missing == [])
        #expect(located.warnings == [])
    }

    @Test func aTagCountsForMoreThanTheUsualName() throws {
        let edits = [
            ("zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU", "arbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU"),
            (" HostVG { ", " OtherVG { tags = [\"imgbased:vg\"] "), (Fixture.disk, Self.second),
        ]
        let untagged = try scan("/dev/sda", [])
        let tagged = try scan("/dev/sdb", id: Self.second, edits)
        #expect(try located([untagged], .default).group.name == "HostVG")
        #expect(try located([untagged, tagged], .default).group.name == "OtherVG")
    }

    @Test func keepsTheLastScanOfAPath() throws {
        let scan = try scan("/dev/vda", [])
        #expect(try located([scan, scan]).devices == [scan.id: "/dev/vda"])
        var inventory = Inventory()
        inventory.add(scan)
        inventory.remove(path: "/dev/vda")
        #expect(inventory.volumeGroup(.named("HostVG")) == .absent)
    }

    // MARK: Missing disks

    /// The plan decides which disks are needed: the layer uses nothing of the second disk.
    @Test func asksThePlanForWhatIsNeeded() throws {
        let first = try scan("/dev/vda", [Self.twoDisks])
        let other = try scan("/dev/vdb", id: Self.second, [Self.twoDisks])
        let alone = try located([first])
        #expect(alone.missing == [other.id])
        #expect(alone.warnings == ["volume group 'HostVG' lacks physical volume \(other.id)"])
        let plan = try alone.plan(for: "Base-0.1")
        #expect(plan.physicalVolumes == [first.id])
        #expect(alone.lacking(plan) == [])
        #expect(throws: Never.self) { try alone.check(plan) }
        #expect(try located([other]).lacking(plan) == [first.id])
        let both = try located([other, first])
        #expect(both.devices == [first.id: "/dev/vda", other.id: "/dev/vdb"])
        #expect(both.missing == [] && both.warnings == [])
        // A disk without metadata, which only the other disk has.
        let bare = try scan("/dev/vdb", id: Self.second, []) { $0.textOffset = 0 }
        #expect(state([bare]) == .absent)
        #expect(try located([bare, first]).devices == both.devices)
    }

    /// LVM2 keeps the note about a missing disk after the disk is back: its data are old.
    @Test func aDiskThatWasMissing() throws {
        let unused = Fixture.adding(
            "pv1 { id = \"\(Self.second)\" status = [] flags = [\"MISSING\"] pe_start = 2048 pe_count = 511 }",
            to: "physical_volumes")
        let scans = [try scan("/dev/vda", [unused]), try scan("/dev/vdb", id: Self.second, [unused])]
        let said = "volume group 'HostVG' was changed while physical volume \(scans[1].id) was missing"
        #expect(try refusal(scans) == nil)
        #expect(try located(scans).warnings == [said])

        for edit in [
            ("flags = [] dev_size", "flags = [\"MISSING\"] dev_size"),
            ("[\"ALLOCATABLE\"]", "[\"ALLOCATABLE\", \"MISSING\"]"),
        ] {
            #expect(
                try refusal([try scan("/dev/vda", [edit])])
                    == "volume group 'HostVG' was changed while physical volume \(Fixture.disk), "
                    + "on which volume 'Base-0.1' lies, was missing")
        }
        // lvm2 accepts such a disk if it holds no metadata.
        let holder = [Self.twoDisks, ("flags = [] dev_size", "flags = [\"MISSING\"] dev_size")]
        let bare = try scan("/dev/vda", []) { $0.textOffset = 0 }
        #expect(try refusal([bare, try scan("/dev/vdb", id: Self.second, holder)]) == nil)
    }

    // MARK: Copies of the metadata

    /// lvm2 commits to one disk after the other.
    @Test func theNewestCopyCounts() throws {
        let newer = ("seqno = 11", "seqno = 12")
        let old = try scan("/dev/vda", [Self.twoDisks])
        let new = try scan("/dev/vdb", id: Self.second, [Self.twoDisks, newer])
        for scans in [[old, new], [new, old]] {
            let located = try located(scans)
            #expect(located.group.sequenceNumber == 12)
            #expect(try refusal(scans) == nil)
            #expect(
                located.warnings == [
                    "'/dev/vda' has change 11 of the metadata of volume group 'HostVG', which is out of date: "
                        + "12 is the newest"
                ])
        }
    }

    /// The newest copy decides the group's name and tags, too.
    @Test func theNewestCopySaysWhatTheGroupIsCalled() throws {
        let old = try scan("/dev/vda", [Self.twoDisks, Self.tag])
        let new = try scan(
            "/dev/vdb", id: Self.second,
            [Self.twoDisks, ("seqno = 11", "seqno = 12"), (" HostVG {", " NewVG { tags = [\"imgbased:vg\"]")])
        #expect(state([old, new]) == .absent)
        #expect(try located([old, new], .named("NewVG")).devices.count == 2)
        #expect(try located([old, new], .default).group.name == "NewVG")
    }

    /// Two texts of one change must not exist. A volume is usable if both texts agree on it.
    @Test func copiesOfOneChangeMustAgreeOnTheVolume() throws {
        let first = try scan("/dev/vda", [Self.twoDisks])
        let moved = ("\"pv0\", 258 ]", "\"pv0\", 300 ]")
        let second = try scan("/dev/vdb", id: Self.second, [Self.twoDisks, moved])
        for scans in [[first, second], [second, first]] {
            #expect(try refusal(scans) == nil)
            #expect(
                try refusal(scans, "Config")
                    == "copies of change 11 of the metadata of volume group 'HostVG' differ in volume 'Config'"
            )
        }
        #expect(
            try located([first, second]).warnings == [
                "'/dev/vdb' has another change 11 of the metadata of volume group 'HostVG' than other disks"
            ])
        // Unread values may differ.
        let other = try scan("/dev/vdb", id: Self.second, [Self.twoDisks, ("max_lv = 0", "max_lv = 9")])
        #expect(try located([first, other]).warnings == [])
    }

    @Test func aDiskThatWasRemovedIsPassedOver() throws {
        let scans = [
            try scan("/dev/vda", [("seqno = 11", "seqno = 12")]), try scan("/dev/vdb", id: Self.second, []),
        ]
        #expect(try refusal(scans) == nil)
        #expect(try located(scans).devices.count == 1)
        #expect(try located(scans).warnings.last == "'/dev/vdb' is no longer part of volume group 'HostVG'")
    }

    @Test func aDamagedCopyIsTold() throws {
        let scan = try scan("/dev/vda", []) {
            $0.secondText = $0.text; $0.textChecksum = 1
        }
        #expect(try refusal([scan]) == nil)
        #expect(try located([scan]).warnings == ["on '/dev/vda', the checksum of the metadata is wrong"])
    }

    // MARK: Faulty disks

    @Test func refusesDuplicatesOfWhatIsUsed() throws {
        let scans = [
            try scan("/dev/sda", [Self.twoDisks]), try scan("/dev/sdb", [Self.twoDisks]),
            try scan("/dev/sdc", id: Self.second, [Self.twoDisks]),
        ]
        #expect(try refusal(scans) == "'/dev/sda' and '/dev/sdb' are both physical volume \(Fixture.disk)")
        let unused = [scans[0], scans[2], try scan("/dev/sdd", id: Self.second, [Self.twoDisks])]
        #expect(try refusal(unused) == nil)
        #expect(
            try located(unused).warnings == [
                "'/dev/sdc' and '/dev/sdd' are all physical volume \(scans[2].id)"
            ])
    }

    @Test func refusesMembersOfArrays() throws {
        let size: UInt64 = 1 << 20
        var image = DiskImage(try Fixture.text([]))
        image.size = size
        image.labelledSize = size - (128 << 10)
        var source = image.source
        source.bytes += [UInt8](repeating: 0, count: Int(size) - source.bytes.count)
        source.bytes.replaceSubrange(
            (Int(size) - 8192)..<(Int(size) - 8188), with: little(UInt32(0xA92B_4EFC)))
        var reader = MetadataReader()
        let scan = try #require(try PhysicalVolumeScan.read(source, path: "/dev/sda", by: &reader))
        #expect(try refusal([scan]) == "'/dev/sda' is a member of an md array")
    }

    /// The actual disk is the bound, not its recorded size.
    @Test func refusesSmallDisksOnlyForWhatIsBehindTheirEnd() throws {
        // The metadata of the pool ends after extent 257, Config after 273.
        let end = (2048 + 258 * 8192) * UInt64(512)
        let small = try scan("/dev/vda", []) { $0.size = end }
        #expect(try refusal([small]) == nil)
        #expect(try refusal([small], "Config") == "volume 'HostVG/Config' goes beyond the end of '/dev/vda'")
        let smaller = try scan("/dev/vda", []) { $0.size = end - 1 }
        #expect(try refusal([smaller]) == "volume 'HostVG/Base-0.1' goes beyond the end of '/dev/vda'")
        for text in ["dev_size = 1", "dev_size = 9223372036854775807", ""] {
            #expect(try refusal([try scan("/dev/vda", [("dev_size = 4194304", text)])]) == nil)
        }
    }

    @Test func refusesDisksOfOtherGroups() throws {
        let other = [
            ("zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU", "arbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU"),
            (" HostVG {", " OtherVG {"),
        ]
        let onSecond = Self.twoDisks
        let moved = ("\"pv0\", 258 ]", "\"pv1\", 258 ]")
        let scans = [
            try scan("/dev/vda", [onSecond, moved]), try scan("/dev/vdb", id: Self.second, other),
        ]
        #expect(try refusal(scans) == nil)
        #expect(
            try refusal(scans, "Config")
                == "'/dev/vdb' belongs to volume group 'OtherVG', and 'HostVG' claims it too")
    }

    private func ambiguity(_ state: GroupState) -> String? {
        switch state {
        case .refused(let refusal), .contested(_, _, let refusal): refusal.reason
        case .absent, .found: nil
        }
    }

    @Test func refusesTwoGroupsOfOneName() throws {
        let other = ("zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU", "arbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU")
        let scans = [try scan("/dev/sda", []), try scan("/dev/sdb", id: Self.second, [other])]
        #expect(ambiguity(state(scans)) == "there are 2 volume groups named 'HostVG'")
    }

    /// lvm2 takes the only group that is not another host's (_resolve_duplicate_vgnames in tools/toollib.c).
    @Test(arguments: [GroupSelector.named("HostVG"), .default])
    func passesOverGroupsOfOtherHosts(wanted: GroupSelector) throws {
        let other = ("zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU", "arbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU")
        let third = ("zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU", "brbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU")
        let owned = Fixture.adding("tags = [\"imgbased:vg\"] system_id = \"elsewhere\"", to: "HostVG")
        let own = try scan("/dev/sda", [Self.tag])
        let foreign = try scan("/dev/sdb", id: Self.second, [owned, other])
        for scans in [[own, foreign], [foreign, own]] {
            guard case .contested("HostVG", let located?, _) = state(scans, wanted) else {
                Issue.record("it is \(state(scans, wanted))")
                continue
            }
            #expect(located.group == own.volumeGroup)
            #expect(located.devices == [own.id: "/dev/sda"])
            #expect(try located.plan(for: "Base-0.1").devices.count == 4)
            #expect(
                located.warnings == [
                    "'/dev/sdb' has another volume group 'HostVG', of the host with system id 'elsewhere'"
                ])
        }
        // Alone, it is refused as before. Two groups without an owner, or two with one, cannot be told apart.
        #expect(try located([foreign], wanted).group.refusal != nil)
        let without = try scan("/dev/sdc", id: String(repeating: "3", count: 32), [Self.tag, third])
        let with = try scan("/dev/sdc", id: String(repeating: "3", count: 32), [owned, third])
        #expect(
            state([own, foreign, without], wanted)
                == .contested(
                    "HostVG", unowned: nil, Refusal("there are 3 volume groups named 'HostVG'")))
        #expect(
            state([foreign, with], wanted)
                == .contested(
                    "HostVG", unowned: nil, Refusal("there are 2 volume groups named 'HostVG'")))
    }

    @Test func refusesTwoGroupsOfOneTag() throws {
        let edits = [
            ("zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU", "arbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU"),
            (" HostVG { ", " OtherVG { tags = [\"imgbased:vg\"] "), (Fixture.disk, Self.second),
        ]
        let scans = [try scan("/dev/sda", [Self.tag]), try scan("/dev/sdb", id: Self.second, edits)]
        #expect(
            ambiguity(state(scans, .default))
                == "the volume groups 'HostVG', 'OtherVG' are all tagged 'imgbased:vg'; name one with rd.imgbased.vg="
        )
        #expect(try located(scans, .named("OtherVG")).group.name == "OtherVG")
    }

    @Test func refusesWhatTheGroupSays() throws {
        let exported = ("\"RESIZEABLE\"", "\"EXPORTED\", \"RESIZEABLE\"")
        #expect(
            try refusal([try scan("/dev/vda", [Self.twoDisks, exported])])
                == "volume group 'HostVG' is exported")
    }

    /// A thousand lines are unreadable, and a disk can hold anything.
    @Test func boundsTheWarnings() throws {
        let volumes = (0..<100).map { "odd\($0) { status = [] }" }.joined(separator: " ")
        let warnings = try located([try scan("/dev/vda", [Fixture.addingVolume(volumes)])]).warnings
        #expect(warnings.count == 13)
        #expect(warnings.last == "88 more warnings of that kind")
    }
}

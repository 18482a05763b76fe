import Testing

@testable import ImgbasedCore

/// Metadata that faults, power cuts and administrators leave on real hosts.
///
/// lvm2 2.03.16 activates the layer in each case; so must we, with the same devices.
@Suite struct FaultTests {
    private static let pool = [
        "HostVG-ImagePool_tmeta: 0 8192 linear pv0 419840",
        "HostVG-ImagePool_tdata: 0 409600 linear pv0 10240",
        "HostVG-ImagePool-tpool: 0 409600 thin-pool HostVG-ImagePool_tmeta HostVG-ImagePool_tdata 128 0 0",
    ]
    private static let plan = pool + ["HostVG-Base--0.1: 0 163840 thin HostVG-ImagePool-tpool 2"]
    private static let ids = [
        "pv0": "mZo7ZIZG7ma4WGrQfnvIz6BIXV5kdm5I", "pv1": "7Zk2v9AAKUBa7N2FvTuddGZptLVrhU2o",
    ]

    /// A disk with the label of `disk` and the text of the fixture `text`.
    private static func scan(
        _ disk: String, _ text: String, size: UInt64 = 400_000_000,
        _ change: (inout DiskImage) -> Void = { _ in }
    ) throws -> PhysicalVolumeScan {
        var image = DiskImage(try Fixture.text("faults/\(text).txt"))
        image.id = ids[disk] ?? disk
        image.size = size
        change(&image)
        var reader = MetadataReader()
        return try #require(try PhysicalVolumeScan.read(image.source, path: disk, by: &reader))
    }

    private struct Result {
        var tables: [String]
        var warnings: [String]
        var plan: ActivationPlan
    }

    private func result(
        _ scans: [PhysicalVolumeScan], _ volume: String = "Base-0.1", group: String = "HostVG"
    ) throws -> Result {
        var inventory = Inventory()
        scans.forEach { inventory.add($0) }
        guard case .found(let located) = inventory.volumeGroup(.named(group)) else {
            throw Refusal("not found")
        }
        let plan = try located.plan(for: volume)
        try located.check(plan)
        #expect(located.lacking(plan) == [])
        return Result(
            tables: plan.rendered { located.devices[$0] ?? "?" }.filter { $0.contains(": ") },
            warnings: located.warnings + plan.warnings, plan: plan)
    }

    @Test func aDiskThatTheLayerDoesNotUseIsMissing() throws {
        let result = try result([Self.scan("pv0", "A")])
        #expect(result.tables == Self.plan)
        #expect(
            result.warnings == [
                "volume group 'HostVG' lacks physical volume 7Zk2v9-AAKU-Ba7N-2FvT-uddG-ZptL-VrhU2o"
            ])
        #expect(result.plan.physicalVolumes.map(\.characters) == [Self.ids["pv0"]])
    }

    @Test func oneOfTwoMetadataAreasIsDamaged() throws {
        let damaged = try Self.scan("pv0", "A") {
            $0.secondText = $0.text
            $0.textChecksum = 1
        }
        let result = try result([damaged, Self.scan("pv1", "A")])
        #expect(result.tables == Self.plan)
        #expect(result.warnings == ["on 'pv0', the checksum of the metadata is wrong"])
    }

    /// The only copy on the layer's disk is damaged: another disk's counts, and the label names the disk.
    @Test func theOnlyMetadataAreaIsDamaged() throws {
        let damaged = try Self.scan("pv0", "A") { $0.textChecksum = 1 }
        let result = try result([damaged, Self.scan("pv1", "A")])
        #expect(result.tables == Self.plan)
        #expect(result.warnings == ["on 'pv0', the checksum of the metadata is wrong"])
    }

    @Test func aDiskIsOutOfDate() throws {
        let scans = [try Self.scan("pv0", "B"), try Self.scan("pv1", "Bo")]
        for scans in [scans, scans.reversed()] {
            let result = try result(scans)
            #expect(result.tables == Self.plan)
            #expect(
                result.warnings == [
                    "'pv1' has change 20 of the metadata of volume group 'HostVG', which is out of date: "
                        + "22 is the newest",
                    "'pv1' is no longer part of volume group 'HostVG'",
                ])
        }
    }

    @Test func readAheadIsSet() throws {
        let result = try result([Self.scan("pv0", "F")])
        #expect(result.tables == Self.plan)
        #expect(result.warnings == [])
        #expect(result.plan.devices.map(\.readAhead) == [nil, nil, nil, Sectors(8192)])
        #expect(result.plan.rendered { _ in "" }.last == "HostVG-Base--0.1 read-ahead 8192")
    }

    @Test func aMessageIsQueuedInThePool() throws {
        let scan = try Self.scan("pv0", "G")
        let said = "a change of thin pool 'HostVG/ImagePool' is not complete; lvm2 completes it"
        let layer = try result([scan])
        #expect(layer.tables == Self.plan)
        #expect(layer.warnings == [said])
        #expect(layer.plan.devices[2].role == .pool(transactionID: 4, mayLag: true))
        // The volume that the message creates need not exist.
        let created = try result([scan], "Base-0.2")
        #expect(created.tables == Self.pool + ["HostVG-Base--0.2: 0 163840 thin HostVG-ImagePool-tpool 3"])
        #expect(created.plan.devices[2].role == .pool(transactionID: 4, mayLag: false))
    }

    /// lvm2 shows the snapshot under the volume's name from the next activation on.
    @Test func aSnapshotIsToBeMergedIntoTheLayer() throws {
        let result = try result([Self.scan("pv0", "H")])
        #expect(result.tables == Self.pool + ["HostVG-Base--0.1: 0 163840 thin HostVG-ImagePool-tpool 3"])
        #expect(
            result.plan.devices.last?.uuid
                == "LVM-3ovnlhiwuxF983Dl1qwz4ylDTUMEAITJbUx9eN9l3wKZs7b2zrOpIEeMOhMpzrqI")
        #expect(
            result.warnings == [
                "snapshot 'HostVG/Base-0.1_snap' is being merged into volume 'HostVG/Base-0.1', which has its content now"
            ])
        #expect(throws: Refusal("volume 'HostVG/Base-0.1_snap' is being merged into 'Base-0.1'")) {
            try self.result([Self.scan("pv0", "H")], "Base-0.1_snap")
        }
        #expect(try self.result([Self.scan("pv0", "H")], "Base-0").warnings == [])
    }

    /// pvresize down and up again.
    @Test func theSizeOfTheDiskIsNotWhatIsNoted() throws {
        let small = try Self.scan("pv0", "S", size: (2048 + 72 * 8192) * 512)
        #expect(try result([small]).tables.count == 5)
        let all = try Self.scan("tdfdvmTjYWS3TOs95ZK3xpZOUknuiror", "dev-size-short", size: 34816 * 512)
        #expect(
            try result([all], "all", group: "t158").tables
                == ["t158-all: 0 32768 linear tdfdvmTjYWS3TOs95ZK3xpZOUknuiror 2048"])
        let short = try Self.scan("tdfdvmTjYWS3TOs95ZK3xpZOUknuiror", "dev-size-short", size: 34816 * 512 - 1)
        #expect(throws: Refusal.self) { try result([short], "all", group: "t158") }
    }
}

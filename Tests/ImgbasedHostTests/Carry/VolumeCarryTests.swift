import Foundation
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHost
@testable import ImgbasedHostCore

/// Carrying between volumes: loop devices with the names of volumes.
@Suite(.serialized) struct VolumeCarryTests {
    /// The volumes of one order.
    private final class Volumes {
        let scratch: Scratch
        var devices: [String: LayerFileSystemTests.Device] = [:]

        /// Makes the volumes. The script `mine` fills the layer's 64 MiB; the new layer has 16 MiB.
        init(_ mine: String) throws {
            scratch = try Scratch()
            for name in ["fromBase", "from", "toBase", "to"] {
                try scratch.write("\(name)/etc/os-release", "NAME=Test\n".utf8)
                if name == "from" {
                    try Helper.run("/bin/bash", "-euc", "cd \(scratch(name)); \(mine)")
                }
                let image = try scratch.write("\(name).img", [])
                let size = name == "from" ? "64M" : "16M"
                try Helper.run("/usr/bin/truncate", "-s", size, image)
                try Helper.run("/usr/sbin/mkfs.ext4", "-q", "-F", "-d", scratch(name), image)
                devices[name] = try LayerFileSystemTests.Device(image)
            }
        }

        /// The order for a carry between the volumes, with `room` in the pool.
        func order(room: Bytes? = nil) throws -> CarryOrder {
            func path(_ name: String) throws -> VolumePath { try #require(devices[name]).path }
            var state = HostState()
            let group = try path("from").group
            let base = Volume(
                path: VolumePath(group: group, name: "Base-0"), size: Bytes(0), tags: [Tag.base],
                segmentType: "thin")
            let from = Volume(
                path: try path("from"), size: Bytes(0), tags: [Tag.layer], segmentType: "thin")
            state.volumes = [base, from]
            var order = try CarryOrder(from: from, into: try path("to"), of: try path("toBase"), state)
            order.fromBase = try path("fromBase")
            order.inactive = []
            order.room = room.map {
                PoolRoom(pool: VolumePath(group: "HostVG", name: "ImagePool"), bytes: $0, limit: "data")
            }
            return order
        }

        /// Carries, and returns "carried" or the error.
        func carry(room: Bytes? = nil) async throws -> String {
            var plan = Plan(goal: "test")
            let order = try order(room: room)
            plan.prepare = [.carry(order), .carryPackages(order, isLate: false)]
            var executor = Executor(runner: CommandRunner())
            do {
                try await executor.run(plan)
                return "carried"
            } catch {
                return error.description
            }
        }
    }

    @Test(
        .enabled(
            if: LayerFileSystemTests.missing == nil, Comment(rawValue: LayerFileSystemTests.missing ?? "")))
    func whatDoesNotFitIsRefusedBeforeAnythingIsWritten() async throws {
        let volumes = try Volumes("head -c 20M /dev/urandom > etc/large; echo mine > etc/small")
        #expect(
            try await volumes.carry().hasPrefix("cannot test: layer 'Base-0.1' lacks "),
            "its file system is full")
        #expect(
            try await volumes.carry(room: Bytes(10 << 20)).contains(
                "pool 'HostVG/ImagePool' lacks 10.00 MiB of free data; remove a layer or base, or extend the pool"
            ))
        let device = try #require(volumes.devices["to"]).path.device
        try looking(at: device, in: volumes.scratch) { (place: String) throws in
            #expect(try Helper.run("/bin/ls", place + "/etc") == "os-release")
        }
    }

    @Test(
        .enabled(
            if: LayerFileSystemTests.missing == nil, Comment(rawValue: LayerFileSystemTests.missing ?? "")))
    func holesTakeNoRoom() async throws {
        let volumes = try Volumes("truncate -s 30M etc/large; echo mine > etc/small")
        #expect(try await volumes.carry(room: Bytes(1 << 20)) == "carried")
        #expect(try await volumes.carry(room: Bytes(0)) == "carried", "nothing is to be done any more")
    }

    @Test func whatCannotBeReadIsNotTakenForNothing() throws {
        let scratch = try Scratch()
        #expect(VolumeCarry.carried(in: scratch.path) == CarryCounts(), "nothing was carried")
        let report = String(CarryReport.path.dropFirst())
        try scratch.write(report, "{\"items\": [], \"conflicts\": 3}".utf8)
        #expect(VolumeCarry.carried(in: scratch.path)?.conflicts == 3)
        try scratch.write(report, "{\"items\": [".utf8)
        #expect(VolumeCarry.carried(in: scratch.path) == nil)
        try Helper.run("/usr/bin/truncate", "-s", "17M", scratch(report))
        #expect(VolumeCarry.carried(in: scratch.path) == nil)
    }
}

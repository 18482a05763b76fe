import Foundation
import TestMachine

/// Checks whether the layer of a kernel command line can be mounted.
///
/// Uses the helper's own plan, and checks the pool and the file system at the positions in that plan.
final class LayerView {
    /// The name of the part with the physical volume.
    private let part: String
    private let scratch: String
    /// The sectors of the pool's data in the last plan.
    private var data: [Range<Int>] = []
    private var plans: [String: Result<DevicePlan, Reason>] = [:]
    private var pools: [UInt64: (metadata: ThinMetadata, damage: String?)] = [:]
    private var layers: [UInt64: (damage: String?, configuration: String)] = [:]
    private var groups: [UInt64: (transaction: Int, isQueued: Bool)?] = [:]

    private let helper: String
    private static let limit = Duration.minutes(2)

    init(part: String, helper: String, scratch: String) throws {
        self.part = part
        self.helper = helper
        self.scratch = scratch
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    }

    /// The devices of a boot of `state` with `arguments`, and the cause if the boot fails.
    func look(
        at state: DiskState, arguments: [String]
    ) throws -> (devices: String, damage: String?, configuration: String) {
        let plan: DevicePlan
        switch try self.plan(arguments.joined(separator: " "), state) {
        case .success(let found): plan = found
        case .failure(let reason): return ("", reason.text, "")
        }
        let pool = try pool(plan, state)
        if let damage = pool.damage { return (plan.text, damage, "") }
        if let damage = try transaction(pool.metadata, state) { return (plan.text, damage, "") }
        guard let runs = pool.metadata.volumes[plan.number] else {
            return (plan.text, "the pool has no volume \(plan.number)", "")
        }
        let (damage, configuration) = try layer(runs, pool.metadata.blockSectors, plan, state)
        return (plan.text, damage, configuration)
    }

    /// The cause for a missing plan.
    struct Reason: Error { let text: String }

    /// The helper's plan. It depends on the whole physical volume except the content of the pool.
    func plan(_ arguments: String, _ state: DiskState) throws -> Result<DevicePlan, Reason> {
        let seen = try state.identity(of: part) { sector in !data.contains { $0.contains(sector) } }
        let key = "\(seen) \(arguments)"
        if let known = plans[key] { return known }
        let disk = try state.file(part)
        let (status, text) = try HostCommand.result(
            [helper, "plan", "--cmdline", arguments, disk.path], within: LayerView.limit)
        let result: Result<DevicePlan, Reason>
        if status != 0 {
            result = .failure(
                Reason(
                    text: "refused: "
                        + text.replacing(disk.path, with: "DISK").trimmingCharacters(in: .newlines)))
        } else if let plan = DevicePlan(text, disk: disk.path) {
            result = .success(plan)
            let places = plan.data.map { $0.place..<$0.place + $0.count }
            if places != data { (data, plans) = (places, [:]) }
        } else {
            result = .failure(Reason(text: "a plan that cannot be understood: \(text)"))
        }
        plans[key] = result
        return result
    }

    // MARK: The pool

    private func pool(
        _ plan: DevicePlan, _ state: DiskState
    ) throws -> (metadata: ThinMetadata, damage: String?) {
        var hasher = Hasher()
        hasher.combine(plan.metadata)
        let places = plan.metadata.map { $0.place..<$0.place + $0.count }
        hasher.combine(
            try state.identity(of: part) { sector in places.contains { $0.contains(sector) } })
        let key = UInt64(bitPattern: Int64(hasher.finalize()))
        if let known = pools[key] { return known }
        let disk = try state.file(part)
        let image = try RawFile(
            scratch + "/pool", makingSize: plan.metadata.reduce(0) { $0 + $1.count } * WriteLog.sector)
        for segment in plan.metadata {
            let bytes = segment.place * WriteLog.sector..<(segment.place + segment.count) * WriteLog.sector
            try disk.copy(bytes, to: image, at: segment.start * WriteLog.sector)
        }
        let (status, told) = try HostCommand.result(["thin_check", image.path], within: LayerView.limit)
        var result = (
            metadata: ThinMetadata(""),
            damage: status == 0
                ? nil : "thin_check: \(told.split(separator: "\n").suffix(2).joined(separator: " "))"
        )
        if status == 0 {
            result.metadata = ThinMetadata(try HostCommand.run("thin_dump", image.path))
        }
        pools[key] = result
        return result
    }

    /// Checks that lvm2 and the helper would activate the pool with its transaction number.
    ///
    /// They accept the number in lvm2's metadata, or the number before if a message for the pool is queued.
    private func transaction(_ metadata: ThinMetadata, _ state: DiskState) throws -> String? {
        // The metadata areas are before the first extent, which lvm2 puts at 1 MiB, and behind the last.
        let end = try state.file(part).size / WriteLog.sector - 2048
        let key = try state.identity(of: part) { $0 < 2048 || $0 >= end }
        if groups[key] == nil { groups[key] = .some(try group(state)) }
        guard let known = groups[key], let group = known else { return nil }
        let seen = metadata.transaction
        if seen == group.transaction || group.isQueued && seen == group.transaction - 1 { return nil }
        return "transaction \(seen) in the pool, \(group.transaction) in lvm2's metadata"
    }

    /// The newest intact metadata as lvm2 itself reads it; `nil` if none is intact.
    private func group(_ state: DiskState) throws -> (transaction: Int, isQueued: Bool)? {
        var newest: (change: Int, transaction: Int, isQueued: Bool)?
        for area in 1...2 {
            let (status, text) = try HostCommand.result(
                [
                    "pvck", "--dump", "metadata", "--settings", "mda_num=\(area)",
                    state.file(part).path,
                ], within: LayerView.limit)
            let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            func number(_ key: String) -> Int? {
                lines.first { $0.hasPrefix(key + " = ") }.flatMap { Int($0.dropFirst(key.count + 3)) }
            }
            let isWhole = status == 0 && !lines.contains { $0.hasPrefix("CHECK") || $0.hasPrefix("WARNING") }
            guard isWhole, let change = number("seqno"), let transaction = number("transaction_id"),
                change > newest?.change ?? 0
            else { continue }
            newest = (change, transaction, lines.contains { $0.hasPrefix("message1 {") })
        }
        return newest.map { ($0.transaction, $0.isQueued) }
    }

    // MARK: The layer

    private func layer(
        _ runs: [ThinMetadata.Run], _ blockSectors: Int, _ plan: DevicePlan, _ state: DiskState
    ) throws -> (damage: String?, configuration: String) {
        let pieces = runs.flatMap { run in
            LayerView.pieces(
                origin: run.origin * blockSectors, data: run.data * blockSectors,
                count: run.count * blockSectors, in: plan.data)
        }
        var hasher = Hasher()
        hasher.combine(pieces.map { [$0.origin, $0.place, $0.count] })
        let sorted = pieces.sorted { $0.place < $1.place }
        hasher.combine(
            try state.identity(of: part) { sector in
                // Find the last run that begins at or before this sector.
                var (low, high) = (0, sorted.count)
                while low < high {
                    let middle = (low + high) / 2
                    if sorted[middle].place <= sector { low = middle + 1 } else { high = middle }
                }
                return low > 0 && sector < sorted[low - 1].place + sorted[low - 1].count
            })
        let key = UInt64(bitPattern: Int64(hasher.finalize()))
        if let known = layers[key] { return known }
        let disk = try state.file(part)
        let image = try RawFile(scratch + "/layer", makingSize: plan.count * WriteLog.sector)
        for piece in pieces {
            try disk.copy(
                piece.place * WriteLog.sector..<(piece.place + piece.count) * WriteLog.sector, to: image,
                at: piece.origin * WriteLog.sector)
        }
        let damage = try FileSystem.damage(in: image.path).map { "layer: " + $0 }
        let result = (damage, damage == nil ? try FileSystem.digest(of: "/etc", in: image.path) : "")
        layers[key] = result
        return result
    }

    /// The positions on the physical volume of `count` sectors of the pool's data.
    private static func pieces(
        origin: Int, data: Int, count: Int, in segments: [DevicePlan.Segment]
    ) -> [(origin: Int, place: Int, count: Int)] {
        segments.compactMap { segment in
            let range = (data..<data + count).clamped(to: segment.start..<segment.start + segment.count)
            guard !range.isEmpty else { return nil }
            return (
                origin + range.lowerBound - data, segment.place + range.lowerBound - segment.start,
                range.count
            )
        }
    }
}

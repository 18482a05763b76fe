import FoundationEssentials
import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Carries configuration between volumes, which are mounted for this alone.
struct VolumeCarry {
    private let order: CarryOrder

    init(_ order: CarryOrder) {
        self.order = order
    }

    /// Carries, flushes the new layer, and returns the report and the paths that it changed.
    func run() throws(HostFailure) -> (report: CarryReport, changed: [TreePath]) {
        let fromBase = try VolumeCarry.mount(order.fromBase, .untouched)
        let from = try source()
        let toBase = try VolumeCarry.mount(order.toBase, .untouched)
        let to = try VolumeCarry.mount(order.to, .readWrite)
        let free = to.free
        var changed: [TreePath] = []
        let report = try carrier(from: from).carry(fromBase: fromBase, from: from, toBase: toBase, to: to) {
            survey throws(HostFailure) in
            do throws(HostReason) { try order.check(survey, free: free) } catch { throw .contents(error) }
            changed = survey.changes.filter { !$0.isOnlyOfDirectory }.map(\.path)
        }
        return (report, changed)
    }

    /// Surveys a carry, and changes nothing.
    func survey() throws(HostFailure) -> CarryReport {
        let fromBase = try VolumeCarry.mount(order.fromBase, .untouched)
        let from = try source()
        let toBase = try VolumeCarry.mount(order.toBase, .untouched)
        let to = try VolumeCarry.mount(order.to, .untouched)
        return try carrier(from: from).survey(fromBase: fromBase, from: from, toBase: toBase, to: to).report
    }

    func source() throws(HostFailure) -> ConfinedTree {
        guard order.isFromRunning else { return try VolumeCarry.mount(order.from, .readOnly) }
        return try calling(HostMount.only("/"))
    }

    static func mount(_ path: VolumePath, _ mode: HostMount.Mode) throws(HostFailure) -> ConfinedTree {
        let type = try LayerProbe.type(ofDevice: path.device, named: path.name)
        return try calling(HostMount.mount(path.device, type: type.rawValue, mode))
    }

    /// A carrier with the lists of Config and the rules of the layer `from`.
    ///
    /// `/etc/fstab` names the layer's own device: it is compared as it would be in the new layer.
    private func carrier(from: borrowing ConfinedTree) throws(HostFailure) -> Carrier {
        let table = order.table
        let type = try LayerProbe.type(ofDevice: order.to.device, named: order.to.name)
        var adjusting: [TreePath: Carrier.Adjustment] = [:]
        if let fstab = TreePath(parsing: "/etc/fstab") {
            adjusting[fstab] = { table.applied(to: $0, type: type) }
        }
        return Carrier(
            lists: try lists(), policy: try CarryPolicy.read(from: from), adjusting: adjusting,
            mounted: order.isFromRunning ? try VolumeCarry.mounted() : [], shared: order.shared,
            limit: try Settings.read().carryLimit, places: try PackagePlaces(order))
    }

    /// The mount points of the running system. None of them is touched.
    private static func mounted() throws(HostFailure) -> [TreePath] {
        try calling(
            MountTable(OpenFile(opening: "/proc/self/mountinfo", O_RDONLY).readAll(limit: 64 << 20))
                .places)
    }

    private func lists() throws(HostFailure) -> CarryLists {
        if order.isConfigMounted { return try CarryLists.read(mountedAt: "/config") }
        guard let config = order.config else { return CarryLists() }
        return try CarryLists.read(from: try VolumeCarry.mount(config, .readOnly))
    }

    /// What the report of the running layer in `root` counts: nothing without a report; `nil` if it cannot be
    /// read.
    static func carried(in root: String = "/") -> CarryCounts? {
        // Version 0.1 told nothing of what it left.
        struct Kept: Decodable {
            var conflicts: Int
            var left: Int?
        }
        do {
            guard let bytes = try ConfinedTree(root).read(CarryReport.path, limit: 16 << 20) else {
                return CarryCounts()
            }
            let kept = try JSONDecoder().decode(Kept.self, from: Data(bytes))
            return CarryCounts(conflicts: kept.conflicts, left: kept.left ?? 0)
        } catch {
            return nil
        }
    }
}

import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Brings added packages along between volumes, which are mounted for this alone.
struct VolumePackages {
    private let order: CarryOrder
    private let runner: CommandRunner

    init(_ order: CarryOrder, _ runner: CommandRunner) {
        (self.order, self.runner) = (order, runner)
    }

    /// Brings them along. If that changed the new layer, its configuration is carried once more: scripts of
    /// packages write to configuration files.
    func run(isLate: Bool) async throws(HostFailure) -> (record: PackageRecord, report: CarryReport?) {
        let result = try await carry(isLate: isLate)
        return (result.record, result.hasChanged ? try VolumeCarry(order).run().report : nil)
    }

    private func carry(isLate: Bool) async throws(HostFailure) -> (record: PackageRecord, hasChanged: Bool) {
        let fromBase = try VolumeCarry.mount(order.fromBase, .untouched)
        let from = try VolumeCarry(order).source()
        let toBase = try VolumeCarry.mount(order.toBase, .untouched)
        let to = try VolumeCarry.mount(order.to, .readWrite)
        let type = try LayerProbe.type(ofDevice: order.to.device, named: order.to.name)
        let (order, name) = (order, order.to.name)
        let carry = PackageCarry(
            runner, at: try PackagePlaces(order), isLate: isLate,
            checkRoom: { size throws(HostFailure) in try order.checkRoomNow(size) },
            check: { path in
                do throws(SystemError) {
                    let after = VolumePackages.problem(of: try ConfinedTree(path), type: type, name)
                    guard let after else { return nil }
                    // A layer that did not boot before cannot be made worse.
                    let lower = try ConfinedTree("\(path)/../\(HostSandbox.lower)")
                    return VolumePackages.problem(of: lower, type: type, name) == nil ? after : nil
                } catch {
                    return "\(error)"
                }
            })
        return try await carry.run(fromBase: fromBase, from: from, toBase: toBase, to: to)
    }

    /// What would become of them.
    func survey() async throws(HostFailure) -> PackageRecord {
        let fromBase = try VolumeCarry.mount(order.fromBase, .untouched)
        let from = try VolumeCarry(order).source()
        let toBase = try VolumeCarry.mount(order.toBase, .untouched)
        return await PackageCarry(runner, at: try PackagePlaces(order), isLate: true).survey(
            fromBase: fromBase, from: from, toBase: toBase)
    }

    /// Why the layer `name` in `tree` would not boot; `nil` if nothing tells so.
    private static func problem(
        of tree: borrowing ConfinedTree, type: FileSystemType, _ name: String
    ) -> String? {
        do throws(HostFailure) {
            let contents = try LayerProbe.contents(of: tree, type: type, named: name)
            return contents.helper == .absent
                ? "\(HostReason.noHelper(layer: name, initrd: contents.files.initrd))" : nil
        } catch {
            return "the layer would not boot: \(error)"
        }
    }
}

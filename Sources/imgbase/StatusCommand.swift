import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux

/// The command `imgbase status`.
struct StatusCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show why this layer is booted, and what the next boot will do.")

    @Flag(help: "Let layers be removed to make room, although not all of their changes were carried.")
    var acknowledge = false

    @OptionGroup var global: GlobalOptions

    func execute(_ context: Context) async throws {
        if acknowledge {
            let layers = try await context.session.acknowledge()
            return context.done(
                ["acknowledged": layers],
                lines: layers.map { "layer '\($0)' may be removed with the changes that were not carried" })
        }
        let goal = "show the status"
        do throws(HostFailure) { try Session.checkRoot() } catch {
            let recorded = try context.looking(goal) { () throws(HostFailure) in
                try context.session.probe.recordedStatus()
            }
            guard let recorded else { throw CommandFailure(goal, error) }
            context.result(StatusResult(recorded), lines: recorded.shown)
            if !context.isJSON { Terminal.error("imgbase: \(recorded.note)") }
            return
        }
        let (state, names, _) = try await context.boot(goal)
        let status = HostStatus(state, names: names)
        context.result(StatusResult(status), lines: status.lines)
    }
}

/// The status, as JSON.
private struct StatusResult: Encodable {
    struct Fallback: Encodable {
        var layer: String
        var reason: String
    }
    struct Trial: Encodable {
        var layer: String
        var tries: Int
        var triesLeft: Int
        var starts: Int
        /// The tries that ended in the boot loader, the kernel or the initramfs.
        var lost: Int
    }
    struct Next: Encodable {
        var layer: String
        var reason: String
    }
    struct Pool: Encodable {
        var path: String
        var size: UInt64
        var free: UInt64
        var metadataPercent: Double
    }

    var booted: String?
    var reason: String?
    var mode: String?
    var health: String
    var ailment: String?
    var fallbacks: [Fallback]
    var degraded: String?
    var defaultLayer: String?
    var trial: Trial?
    var next: Next?
    var pool: Pool?
    var bootFree: UInt64
    var conflicts: Int?
    /// The places that were changed in the layer before and not carried.
    var left: Int?
    /// The layers with changes that were not carried, and that nobody has acknowledged.
    var leftIn: [String]?
    /// The packages of the layer before that could not be installed again.
    var missingPackages: [String]?
    var staged: String?
    /// The data volumes; only for root.
    var volumes: [VolumeResult]?
    var warnings: [String]
    /// The status for people as last recorded; only if the user is not root.
    var recorded: [String]?
    /// The keys that only root gets; only if the user is not root.
    var needsRoot: [String]?

    private enum CodingKeys: String, CodingKey {
        case booted, reason, mode, health, ailment, fallbacks, degraded
        case defaultLayer = "default"
        case trial, next, pool, bootFree, conflicts, left, leftIn, missingPackages, staged, volumes, warnings,
            recorded,
            needsRoot
    }

    init(_ status: RecordedStatus) {
        booted = status.early?.layer
        reason = status.reason?.rawValue
        mode = status.early?.mode.rawValue
        health = LayerHealth.unknown.rawValue
        fallbacks = (status.early?.fallbacks ?? []).map { Fallback(layer: $0.layer, reason: $0.reason) }
        degraded = status.early?.degraded
        bootFree = HostSystem.free(BootState.mountPoint)?.count ?? 0
        warnings = status.warnings
        recorded = status.lines
        needsRoot = RecordedStatus.needsRoot
    }

    init(_ status: HostStatus) {
        booted = status.booted
        reason = status.reason?.rawValue
        mode = status.early?.mode.rawValue
        health = status.health.rawValue
        ailment = status.problem
        fallbacks = (status.early?.fallbacks ?? []).map { Fallback(layer: $0.layer, reason: $0.reason) }
        degraded = status.early?.degraded
        defaultLayer = status.defaultLayer
        trial = status.trial.map {
            Trial(
                layer: $0.layer, tries: $0.tries, triesLeft: $0.triesLeft, starts: $0.starts.count,
                lost: status.triesLost)
        }
        next = status.next.map { Next(layer: $0.layer, reason: $0.reason.rawValue) }
        pool = status.pool.map {
            Pool(
                path: $0.path.description, size: $0.size.count, free: $0.usage.free(of: $0.size).count,
                metadataPercent: $0.usage.metadata)
        }
        bootFree = status.bootFree.count
        conflicts = status.carried?.conflicts
        left = status.carried?.left
        leftIn = status.leftIn
        missingPackages = status.packages.missing.map(\.id.description)
        staged = status.staged
        volumes = status.volumes.map(VolumeResult.init)
        warnings = status.warnings
    }
}

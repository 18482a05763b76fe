import ImgbasedCore

/// The line at the end of a command that changed something: the new state, and the next step.
public enum ClosingLine: Hashable, Sendable {
    /// A volume group with a pool and `/config` was made.
    case laidOut(HostNames)
    /// A base was added.
    case addedBase(String)
    /// A base is pinned, or is no longer.
    case pinned(String, Bool)
    /// A layer was added.
    case addedLayer(String)
    /// The running system was converted to this layer.
    case converted(String)
    /// An update made this layer.
    case updated(String)
    /// The host goes back to this layer.
    case wentBack(String)
    /// The record or the entry of a layer changed.
    case changed(BootChange)
    /// Bases or layers were removed, debris was treated, or the booted layer's entry follows its kernel.
    case nextBoot
    /// A data volume took the place of a layer's files, or was mounted over them.
    case attachedVolume(String, DataPlace, below: String?)
    /// No layer mounts a data volume any more.
    case detachedVolume(String, DataPlace)
    /// The layers are in the boot menu, or no longer.
    case menu(isInstalled: Bool)

    /// Whether the line tells the next boot.
    public var tellsNextBoot: Bool {
        switch self {
        case .laidOut, .addedBase, .pinned, .attachedVolume, .detachedVolume: false
        case .addedLayer, .converted, .updated, .wentBack, .changed, .nextBoot, .menu: true
        }
    }

    /// The line, without a full stop; `nil` if there is nothing to tell.
    ///
    /// `status` is the host after the change, `nil` if unknown.
    public func text(_ status: HostStatus?) -> String? {
        let parts = [now, outlook(status), status.flatMap(step)].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }

    /// The effect on the next boot; `nil` if unknown.
    private func outlook(_ status: HostStatus?) -> String? {
        // Without layers in the menu, this is no problem with a remedy: it was asked for.
        if case .menu(false) = self { return "the next boot boots \(HostStatus.besides)" }
        if case .menu(true) = self, let status, !status.hasEntries {
            return "no layer exists yet; add one with 'imgbase layer add'"
        }
        return status?.outlook
    }

    /// The new state; `nil` if the next boot says it.
    private var now: String? {
        switch self {
        case .laidOut(let names):
            "volume group '\(names.group)' has the pool '\(names.pool)' and /config; add a base to it with "
                + "'imgbase base add IMAGE'"
        case .addedBase(let base):
            "base '\(base)' is complete; add a layer that boots from it with 'imgbase layer add \(base)'"
        case .pinned(let base, true): "base '\(base)' stays when room is made for another"
        case .pinned(let base, false): "base '\(base)' may be removed when room is made for another"
        case .addedLayer(let layer): "layer '\(layer)' has an entry"
        case .converted(let layer):
            "layer '\(layer)' has this system as it is now; what changes here until the reboot stays here"
        case .updated(let layer): "layer '\(layer)' has the new base and this host's configuration"
        case .wentBack, .nextBoot: nil
        case .attachedVolume(let name, let place, let layer):
            "every layer mounts volume '\(name)' at '\(place)'"
                + (layer.map { "; what layer '\($0)' had there stays below it, unseen" } ?? "")
        case .detachedVolume(let name, let place):
            "no layer mounts volume '\(name)' at '\(place)' from its next start on, and it keeps its data; attach it "
                + "again with 'imgbase volume attach \(place)'"
        case .changed(.arguments(let layer, _, _)): "the next boot of '\(layer)' has these arguments"
        case .changed: nil
        case .menu(true): "the boot menu shows the layers"
        case .menu(false): "the boot menu no longer shows the layers"
        }
    }

    /// The user's next step; `nil` if there is none.
    private func step(_ status: HostStatus) -> String? {
        guard let next = status.next else { return nil }
        switch self {
        case .addedLayer(let layer) where next.layer != layer:
            return "boot the new layer on trial with 'imgbase boot try \(layer)'"
        case .converted(let layer) where next.layer == layer: return "reboot to begin"
        case .updated(let layer) where next.layer == layer:
            return "reboot to begin, or take the update back with 'imgbase rollback'"
        case .wentBack(let layer) where next.layer == layer && status.early?.layer != layer:
            let stay = status.booted.map { ", or stay with 'imgbase boot set-default \($0)'" }
            return "reboot to go back\(stay ?? "")"
        default: return nil
        }
    }
}

extension HostStatus {
    /// What the next boot does, as a sentence without a full stop.
    var outlook: String? {
        if let menuProblem { return "the next boot boots \(HostStatus.besides): \(menuProblem)" }
        guard let next else {
            return leavesDefault ? "the next boot boots \(HostStatus.besides)" : nil
        }
        let others = defaultLayer.flatMap { $0 == next.layer ? nil : $0 }
        switch next.reason {
        case .trial:
            let count = trial?.triesLeft ?? 0
            let tries = count == 1 ? "1 try" : "\(count) tries"
            let back = others.map { "'\($0)'" } ?? (leavesDefault ? HostStatus.besides : nil)
            let end = back.map { "; unless it comes up healthy, the host then boots \($0) again" } ?? ""
            return "the next boot tries '\(next.layer)', which has \(tries)\(end)"
        case .once:
            return "the next boot boots '\(next.layer)' once" + (others.map { ", and then '\($0)'" } ?? "")
        case .default: return "the next boot boots '\(next.layer)', the default"
        case .good: return "the next boot boots '\(next.layer)', the last good one"
        default: return "the next boot boots '\(next.layer)', the newest that is not bad"
        }
    }
}

/// The verdict on a state of a disk, compared with the states before and after a command.
enum Verdict: Hashable, Codable, Sendable {
    case old
    case new
    /// Neither old nor new: the kind of fault, and the details.
    case third(kind: String, reason: String)

    /// Judges `state` against the findings before (`old`) and after (`new`) the command.
    ///
    /// - Parameter isShutDown: whether late changes are being carried into the layer booted next. Until then,
    ///   the host boots the default, the layer from before the update (imgbase(8)).
    init(_ state: Judge.Finding, old: Judge.Finding, new: Judge.Finding, isShutDown: Bool = false) {
        guard let start = state.boot.unattended else {
            self = .third(kind: "GRUB starts nothing", reason: state.boot.screen)
            return
        }
        if let damage = state.damage {
            self = .third(kind: Verdict.kind(of: damage), reason: "'\(start.entry)': \(damage)")
        } else if !Verdict.isSame(state, old, isRunning: true), !Verdict.isSame(state, new),
            !Verdict.isTrial(start, of: old, new), !(isShutDown && Verdict.isDefault(start, old, new))
        {
            self = .third(
                kind: "another boot",
                reason:
                    "\(start.identity) \(state.configuration) instead of \(old.boot.unattended?.identity ?? []) or "
                    + "\(new.boot.unattended?.identity ?? [])")
        } else if let damage = state.boot.damage {
            self = .third(kind: "/boot damaged", reason: damage)
        } else if let undone = state.boot.undone {
            self = .third(kind: "undone", reason: undone)
        } else if let (name, damage) = state.menuDamage.min(by: { $0.key < $1.key }) {
            self = .third(kind: "menu: " + Verdict.kind(of: damage), reason: "'\(name)': \(damage)")
        } else if let reason = Verdict.menuFlaw(state, old, new) {
            self = .third(kind: "menu", reason: reason)
        } else {
            self = Verdict.isSame(state, new) ? .new : .old
        }
    }

    /// Compares boot, devices and, unless `isRunning`, /etc.
    ///
    /// - Parameter isRunning: whether the system runs from the layer and so changes its content.
    private static func isSame(
        _ one: Judge.Finding, _ other: Judge.Finding, isRunning: Bool = false
    ) -> Bool {
        one.boot.unattended?.identity == other.boot.unattended?.identity && one.devices == other.devices
            && (one.configuration == other.configuration || isRunning)
    }

    /// Whether `start` is the old boot on trial.
    ///
    /// If a layer gets another kernel, the trial is recorded first. The old kernel is then on trial, and
    /// the trial succeeds.
    private static func isTrial(
        _ start: BootView.Start, of old: Judge.Finding, _ new: Judge.Finding
    ) -> Bool {
        guard let old = old.boot.unattended, let new = new.boot.unattended, old.entry == new.entry,
            new.isTrial, start.isTrial
        else { return false }
        return start.offer == old.offer
    }

    /// Whether `start` is the default, with the same offer before and after the command.
    private static func isDefault(
        _ start: BootView.Start, _ old: Judge.Finding, _ new: Judge.Finding
    ) -> Bool {
        let name = String(start.entry.dropFirst("imgbased-".count))
        return start.arguments.contains("rd.imgbased.reason=default")
            && [old, new].allSatisfy { $0.boot.menu[name]?.offer == start.offer }
    }

    /// A fault of the menu: an entry neither old nor new, or one that appears or vanishes at the wrong time.
    ///
    /// An update first removes an older base, whose name the new base can get. The name then means another
    /// layer, and its entry may be missing for a time.
    private static func menuFlaw(
        _ state: Judge.Finding, _ before: Judge.Finding, _ after: Judge.Finding
    ) -> String? {
        let (menu, old, new) = (state.boot.menu, before.boot.menu, after.boot.menu)
        for name in Set(menu.keys).union(old.keys).union(new.keys).sorted() {
            let known = [old[name], new[name]]
            guard !known.contains(where: { $0?.offer == menu[name]?.offer }) else { continue }
            if menu[name] == nil, before.menuDevices[name] != after.menuDevices[name] { continue }
            guard let entry = menu[name] else { return "'\(name)' is not offered" }
            return "'\(name)' is \(entry.offer)"
        }
        return nil
    }

    /// The start of the text of a fault, without the details that vary.
    private static func kind(of damage: String) -> String {
        let text = damage.split(separator: "\n").first.map(String.init) ?? damage
        let parts = text.split(separator: ": ", maxSplits: 4).prefix(4).joined(separator: ": ")
        return String(parts.filter { !$0.isNumber }.prefix(120))
    }
}

extension Verdict: CustomStringConvertible {
    var description: String {
        switch self {
        case .old: "old"
        case .new: "new"
        case .third(let kind, let reason): "neither: \(kind): \(reason)"
        }
    }
}

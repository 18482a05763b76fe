/// What a state of a disk is, between the state before a command and the one after it.
enum Verdict: Hashable, Codable, Sendable {
    case old
    case new
    /// Neither: which kind of thing is wrong, and what.
    case third(kind: String, reason: String)

    /// Judges `state`, where `old` and `new` are what was there before and after.
    ///
    /// - Parameter isShutDown: late changes are being carried into the layer that is booted next. Until they are, the host has the layer
    ///   that it had before the update (imgbase(8)), which is the default.
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

    /// - Parameter isRunning: the system runs from that layer, and changes what is in it.
    private static func isSame(
        _ one: Judge.Finding, _ other: Judge.Finding, isRunning: Bool = false
    ) -> Bool {
        one.boot.unattended?.identity == other.boot.unattended?.identity && one.devices == other.devices
            && (one.configuration == other.configuration || isRunning)
    }

    /// Where a layer gets another kernel, the trial is recorded first: then what was booted before is on trial, which ends well.
    private static func isTrial(
        _ start: BootView.Start, of old: Judge.Finding, _ new: Judge.Finding
    ) -> Bool {
        guard let old = old.boot.unattended, let new = new.boot.unattended, old.entry == new.entry,
            new.isTrial, start.isTrial
        else { return false }
        return start.offer == old.offer
    }

    /// Whether it is the default, as it is offered before and after.
    private static func isDefault(
        _ start: BootView.Start, _ old: Judge.Finding, _ new: Judge.Finding
    ) -> Bool {
        let name = String(start.entry.dropFirst("imgbased-".count))
        return start.arguments.contains("rd.imgbased.reason=default")
            && [old, new].allSatisfy { $0.boot.menu[name]?.offer == start.offer }
    }

    /// An entry that is neither the old nor the new one, that is there too early or too late. An update removes an older base first,
    /// and the new one can have its name: then it is another layer, and none of that name may be there for a time.
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

    /// The beginning of a reason, without what differs from case to case.
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

import ImgbasedCore

/// `imgbase base pin` and `unpin`: whether a base may be removed to make room.
public enum PinPlanner {
    /// The goal for messages: `cannot …`.
    public static func goal(_ base: String, isPinned: Bool) -> String {
        "\(isPinned ? "pin" : "unpin") base '\(base)'"
    }

    /// The plan that pins or unpins base `name`; without steps if nothing changes.
    public static func plan(
        _ name: String, isPinned: Bool, _ state: HostState, names: HostNames
    ) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: goal(name, isPinned: isPinned))
        do throws(HostReason) {
            let layout = Layout(state.volumes, group: names.group)
            guard let base = layout[name] else { throw .unknown(name) }
            guard base.isBase else { throw .notABase(name) }
            if layout.isBeingRemoved(base), isPinned { throw .isBeingRemoved(name) }
            if base.isPinned != isPinned {
                plan.commit = [isPinned ? .pin(base.path) : .unpin(base.path)]
            }
        } catch {
            throw HostRefusal(plan.goal, error)
        }
        return plan
    }
}

import ImgbasedCore

/// `imgbase status --acknowledge`: the administrator knows of the changes that updates left in older layers.
public enum AcknowledgePlanner {
    /// The goal for messages: `cannot …`.
    public static let goal = "acknowledge the changes that were not carried"

    /// The plan that lets layers with such changes be removed to make room, and their names; without steps if
    /// there are none.
    public static func plan(_ state: HostState, names: HostNames) -> (Plan, [String]) {
        let layers = Layout(state.volumes, group: names.group).layers.filter(\.isLeftWithChanges)
        var plan = Plan(goal: goal)
        plan.commit = layers.map { .acknowledgeLeft($0.path) }
        return (plan, layers.map(\.name))
    }
}

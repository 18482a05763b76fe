import ImgbasedCore

/// `imgbase conflicts take` and `done`: settles conflicts of earlier changes of base.
public enum ConflictPlanner {
    /// The goal for messages: `cannot …`.
    public static func goal(_ path: String) -> String { "settle the conflict at '\(path)'" }

    /// The plan that settles the conflicts at `path`, or below it if it is a directory.
    ///
    /// - Parameters:
    ///   - takesNew: Whether the new base's version takes the place of the administrator's.
    ///   - waiting: The paths of all conflicts that wait.
    public static func plan(
        _ path: String, takesNew: Bool, _ waiting: [TreePath]
    ) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: goal(path))
        let places = ConflictPlanner.places(path, waiting)
        guard !places.isEmpty else { throw HostRefusal(plan.goal, .noConflict(path)) }
        plan.commit = places.map { .settleConflict($0, takesNew: takesNew) }
        return plan
    }

    /// The waiting conflicts that `path` means, as the user typed it or as a report has it.
    public static func places(_ path: String, _ waiting: [TreePath]) -> [TreePath] {
        let meant = [TreePath(parsing: path), TreePath(escaped: path)].compactMap { $0 }
        return waiting.filter { place in meant.contains { $0.covers(place) && $0 != .root } }
    }
}

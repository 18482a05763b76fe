import ImgbasedCore
import ImgbasedHostCore
import Synchronization

/// What a session has done so far, or would have where plans are only shown.
final class SessionProgress: Sendable {
    private struct State {
        var plansDone = 0
        var outlook = Outlook()
    }

    private let state = Mutex(State())

    /// What the plans that were shown would have changed.
    var outlook: Outlook { state.withLock { $0.outlook } }

    /// How many plans were carried out that change something.
    var plansDone: Int { state.withLock { $0.plansDone } }

    /// `plan` was carried out.
    func note(done plan: Plan) {
        if plan.changesSomething { state.withLock { $0.plansDone += 1 } }
    }

    /// What was done after the first `count` plans is undone.
    func note(undoneTo count: Int) {
        state.withLock { $0.plansDone = count }
    }

    /// `plan` was shown.
    func note(shown plan: Plan) {
        state.withLock { $0.outlook.add(plan) }
    }
}

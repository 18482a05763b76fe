import ImgbasedCore
import ImgbasedHostCore
import Synchronization

/// The progress of a session; if plans are only shown, the progress it would have made.
final class SessionProgress: Sendable {
    private struct State {
        var plansDone = 0
        var outlook = Outlook()
    }

    private let state = Mutex(State())

    /// The changes that shown plans would have made.
    var outlook: Outlook { state.withLock { $0.outlook } }

    /// The number of plans carried out that change something.
    var plansDone: Int { state.withLock { $0.plansDone } }

    /// Notes that `plan` was carried out.
    func note(done plan: Plan) {
        if plan.changesSomething { state.withLock { $0.plansDone += 1 } }
    }

    /// Notes that all plans after the first `count` are undone.
    func note(undoneTo count: Int) {
        state.withLock { $0.plansDone = count }
    }

    /// Notes that `plan` was shown.
    func note(shown plan: Plan) {
        state.withLock { $0.outlook.add(plan) }
    }
}

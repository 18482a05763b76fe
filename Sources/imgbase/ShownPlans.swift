import ImgbasedCore
import ImgbasedHostCore
import Synchronization

/// The plans that a command showed instead of carrying them out.
final class ShownPlans: Sendable {
    private let list = Mutex<[Plan]>([])
    private let isAnswered = Mutex(false)

    /// Whether the command printed its own result, as commands do that change nothing.
    var hasResult: Bool {
        get { isAnswered.withLock { $0 } }
        set { isAnswered.withLock { $0 = newValue } }
    }

    var plans: [Plan] {
        list.withLock { $0 }
    }

    func add(_ plan: Plan) {
        list.withLock { $0.append(plan) }
    }
}

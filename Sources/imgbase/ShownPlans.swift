import ImgbasedCore
import Synchronization

/// The plans a command showed instead of carrying them out.
final class ShownPlans: Sendable {
    private let list = Mutex<[Plan]>([])

    var plans: [Plan] {
        list.withLock { $0 }
    }

    func add(_ plan: Plan) {
        list.withLock { $0.append(plan) }
    }
}

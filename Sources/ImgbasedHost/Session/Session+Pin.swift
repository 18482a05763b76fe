import ImgbasedCore
import ImgbasedHostCore

extension Session {
    /// Carries out `imgbase base pin` and `unpin`.
    public func pin(_ base: String, isPinned: Bool) async throws {
        let goal = PinPlanner.goal(base, isPinned: isPinned)
        try await changing(goal) {
            let state = try await looking(goal) { () throws(HostFailure) in try await probe.volumes() }
            try await carryOut(
                try PinPlanner.plan(base, isPinned: isPinned, state, names: names(in: state)))
        }
    }
}

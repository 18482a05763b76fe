import ImgbasedCore
import ImgbasedHostCore

extension Session {
    /// Carries out `imgbase status --acknowledge`, and returns the layers whose changes are acknowledged.
    public func acknowledge() async throws -> [String] {
        let goal = AcknowledgePlanner.goal
        return try await changing(goal) {
            let state = try await looking(goal) { () throws(HostFailure) in try await probe.volumes() }
            let (plan, layers) = AcknowledgePlanner.plan(state, names: names(in: state))
            try await carryOut(plan)
            return layers
        }
    }
}

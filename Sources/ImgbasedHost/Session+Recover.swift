public import ImgbasedCore

extension Session {
    /// `imgbase recover`. Returns what was dealt with.
    public func recover() async throws -> Debris {
        let goal = Debris.goal
        return try await changing(goal) {
            let state = try await looking(goal) { () throws(HostFailure) in try await observed() }
            let debris = try Debris(state, names: names(in: state))
            try await carryOut(try debris.plan(state))
            try await finishInterrupted(goal)
            // What an unlisted layer kept from being looked at.
            let after = try await looking(goal) { () throws(HostFailure) in try await observed() }
            let rest = try Debris(after, names: names(in: after))
            if rest != debris { try await carryOut(try rest.plan(after)) }
            return debris
        }
    }
}

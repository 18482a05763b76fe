import ImgbasedCore
public import ImgbasedHostCore

extension Session {
    /// `imgbase recover`. Returns what was dealt with.
    public func recover() async throws -> Debris {
        let goal = Debris.goal
        return try await changing(goal) {
            let state = try await looking(goal) { () throws(HostFailure) in try await observed() }
            let found = try Debris(state, names: names(in: state))
            let debris: Debris
            if try await followRename(state) {
                let after = try await looking(goal) { () throws(HostFailure) in try await observed() }
                debris = try Debris(after, names: names(in: after))
                try await carryOut(try debris.plan(after))
            } else {
                debris = found
                try await carryOut(try debris.plan(state))
            }
            try await finishInterrupted(goal)
            // What an unlisted layer kept from being looked at.
            let after = try await looking(goal) { () throws(HostFailure) in try await observed() }
            let rest = try Debris(after, names: names(in: after))
            if rest != debris { try await carryOut(try rest.plan(after)) }
            return found
        }
    }

    /// Has entries and tables name the volume group as it is called now, where it was renamed; `false` where it was not.
    func followRename(_ state: HostState) async throws -> Bool {
        guard let rename = GroupRename(state, names: names(in: state)) else { return false }
        let tables = LayerProbe.tables(of: state, names: names(in: state))
        try await carryOut(try rename.plan(state, tables))
        return true
    }
}

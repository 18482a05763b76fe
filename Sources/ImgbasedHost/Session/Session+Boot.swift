import ImgbasedCore
public import ImgbasedHostCore

extension Session {
    /// Carries out an `imgbase boot` that changes something.
    public func change(_ change: BootChange) async throws {
        do {
            try await changing(change.goal) {
                let state = try await looking(change.goal) { () throws(HostFailure) in
                    let state = try await probe.boot()
                    return try change.nextLayer.map { layer throws(HostFailure) in
                        try BootInspection.looking(into: layer, state)
                    } ?? state
                }
                try await carryOut(try BootPlanner.plan(change, state, names: names(in: state)))
            }
        } catch {
            // A trial ends even if its end cannot be recorded: the boot loader counts its tries.
            if change.goesBack, probe.reason == .trial {
                var plan = Plan(goal: change.goal)
                plan.commit = [.restart]
                try await carryOut(plan)
            }
            throw error
        }
    }

    /// Carries out `imgbase boot install`.
    public func installBootLoader() async throws {
        try await changeBootLoader(BootLoaderPlanner.installGoal, BootLoaderPlanner.install)
    }

    /// Carries out `imgbase boot uninstall`.
    public func uninstallBootLoader() async throws {
        try await changeBootLoader(BootLoaderPlanner.uninstallGoal, BootLoaderPlanner.uninstall)
    }

    /// The effect of the host's state on the next boot; `nil` if unknown.
    public func nextBoot() async -> HostStatus? {
        guard let state = try? await probe.menu() else { return nil }
        return HostStatus(state, names: names(in: state))
    }

    private func changeBootLoader(
        _ goal: String, _ plan: (HostState) throws(HostRefusal) -> Plan
    ) async throws {
        try await changing(goal) {
            let state = try await looking(goal) { () throws(HostFailure) in try await probe.boot() }
            try await carryOut(try plan(state))
        }
    }
}

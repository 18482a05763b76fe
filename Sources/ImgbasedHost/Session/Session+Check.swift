import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

extension Session {
    /// Carries out `imgbase check`.
    ///
    /// - Throws: if the host cannot be observed. Its problems are in the result.
    public func check() async throws(HostFailure) -> HostCheck {
        try Session.checkRoot()
        let state: HostState
        do throws(HostFailure) { state = try await probe.boot() } catch {
            // The reason and its remedy are the finding.
            if case .contents(let reason) = error {
                let isThere = HostSystem.exists(BootState.mountPoint + "/imgbased")
                return HostCheck(withoutGroup: reason, everHadLayers: isThere)
            }
            throw error
        }
        let names = names(in: state)
        let menu = try BootInspection.findings(state, names: names)
        return HostCheck(state, names: names, menu: menu, try await facts())
    }

    private func facts() async throws(HostFailure) -> HostCheck.Facts {
        var facts = HostCheck.Facts()
        try LVMReport.addHealth(try await runner.run(LVMReport.healthCommand), to: &facts)
        facts.growthThreshold = LVMReport.growthThreshold(try await runner.run(LVMReport.growthCommand))
        // In a container or a chroot, systemd does not answer.
        if let report = try? await runner.run(UnitReport.command(HostCheck.units)) {
            facts.units = try UnitReport.states(report, of: HostCheck.units)
        }
        facts.unsettled = try conflicts().map(\.description)
        do throws(HostFailure) { _ = try Settings.read() } catch { facts.settingsProblem = "\(error)" }
        return facts
    }
}

import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase install-unattended`, which imgbased-install.service runs.
struct UnattendedCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "install-unattended", abstract: "Install as the kernel's arguments ask.",
        shouldDisplay: false)

    @OptionGroup var global: GlobalOptions

    func execute(_ context: Context) async throws {
        let wanted: UnattendedInstallation
        do throws(HostFailure) {
            try Session.checkRoot()
            wanted = try UnattendedInstallation.asked()
            if !context.isDry { try Session.takeOwnMounts() }
        } catch {
            throw CommandFailure.refusal(InstallPlanner.goal, error)
        }
        Terminal.error("imgbase: installing '\(wanted.image)' on \(wanted.disks.joined(separator: ", "))")
        // The files exist as long as this object.
        let files = try await context.session.gather(wanted)
        let command = try InstallCommand.parse(wanted.arguments(files: files.paths))
        var options = command.global
        (options.dry, options.debug, options.json) = (global.dry, global.debug, global.json)
        let installing = Context(options, tellsSteps: true)
        try await command.install(installing)
        installing.finish()
        withExtendedLifetime(files) {}
        if context.isDry { return }
        Terminal.error("imgbase: the installation is complete; next: \(wanted.ending.rawValue)")
        try await context.session.end(wanted.ending)
    }
}

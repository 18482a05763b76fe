import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

extension UnattendedInstallation {
    /// The installation that the running kernel's arguments ask for.
    public static func asked() throws(HostFailure) -> UnattendedInstallation {
        let line = KernelCommandLine(try calling(SmallFile.read("/proc/cmdline")))
        do throws(InstallReason) {
            guard let wanted = try UnattendedInstallation(line) else { throw .notAsked }
            return wanted
        } catch {
            throw .contents(.install(error))
        }
    }
}

/// The files that an unattended installation needs, while this object exists.
public final class GatheredFiles {
    /// The path of each source, in its order.
    public let paths: [String]
    private let directory: HostTemporaryDirectory

    init(_ paths: [String], in directory: HostTemporaryDirectory) {
        self.paths = paths
        self.directory = directory
    }
}

extension Session {
    /// Waits for the disks of `wanted` and for the network if it is needed, and fetches the files.
    public func gather(_ wanted: UnattendedInstallation) async throws(CommandFailure) -> GatheredFiles {
        try await looking(InstallPlanner.goal) { () throws(HostFailure) in
            try await runner.run(Command(.udevadm, ["wait", "--timeout=60"] + wanted.disks))
            if wanted.needsNetwork {
                // Some systems have no service that waits. curl tries again anyway.
                _ = try? await runner.run(Command(.systemctl, ["start", "network-online.target"]))
            }
            let directory = try calling(HostTemporaryDirectory())
            let fetcher = SourceFetcher(directory: directory.path, runner: runner)
            var paths: [String] = []
            for (index, source) in wanted.sources.enumerated() {
                paths.append(try await fetcher.fetch(source, as: "\(index)"))
            }
            return GatheredFiles(paths, in: directory)
        }
    }

    /// Ends the work of the system as an unattended installation asks.
    public func end(_ ending: UnattendedInstallation.Ending) async throws(CommandFailure) {
        if isShowing || ending == .stay { return }
        do throws(HostFailure) {
            try await runner.run(Command(.systemctl, ["--no-block", ending.rawValue]))
        } catch {
            throw CommandFailure("\(ending.rawValue) the system", error)
        }
    }
}

import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// A run of the new layer's package manager in a sandbox.
struct SandboxedInstallation: Sendable {
    /// A file that the sandbox gets first.
    struct File: Sendable {
        var path: String
        var contents: [UInt8]
        var permissions: UInt32 = 0o644
    }

    /// The packages to remove first.
    var removing: [PackageName] = []
    /// The archives to install, run by run.
    var runs: [[PackageArchive]] = []
    /// Files that stay.
    var files: [File] = []
    /// Files that are there only meanwhile, unless the tree has them.
    var temporaryFiles: [File] = []
    /// Why the tree at a path cannot be used, once all is installed; `nil` if it can.
    var check: @Sendable (_ tree: String) -> String? = { _ in nil }
    /// How long dpkg is waited for: the scripts of packages may do much work.
    var patience = Patience(idle: 600, total: 7200)

    private static let environment = [
        "LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=dumb",
        "DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true", "SYSTEMD_OFFLINE=1",
        "\(HookRun.marker)=\(HookEvent.newLayerAdded.rawValue)",
    ]

    /// Installs in the tree, and returns why this failed; `nil` if it did not.
    func run(in tree: String) -> String? {
        do throws(SystemError) {
            let confined = try ConfinedTree(tree)
            for file in files {
                try confined.replaceFile(file.path, contents: file.contents, permissions: file.permissions)
            }
            var added: [String] = []
            for file in temporaryFiles where try confined.openFile(file.path) == nil {
                try confined.replaceFile(file.path, contents: file.contents, permissions: file.permissions)
                added.append(file.path)
            }
            if !removing.isEmpty {
                let problem = try dpkg(["--remove"] + removing.map(\.description), in: tree)
                if let problem { return problem }
            }
            for run in runs where !run.isEmpty {
                let words = ["--force-confold", "--install"] + run.map(\.path)
                if let problem = try dpkg(words, in: tree) { return problem }
            }
            for path in added { try confined.removeFile(path) }
            return check(tree)
        } catch {
            return "\(error)"
        }
    }

    /// Runs dpkg(1), and returns why it failed; `nil` if it did not.
    private func dpkg(_ arguments: [String], in tree: String) throws(SystemError) -> String? {
        let words = HostSandbox.wrapper(tree) + [Tool.dpkg.path] + arguments
        let child = try HostChild(
            words[0], Array(words.dropFirst()), environment: SandboxedInstallation.environment, saysAll: true)
        var watch = Patience.Watch(patience, now: SandboxedInstallation.now)
        var problem: String?
        let end = try child.wait(every: 500) {
            if let signal = HostSignals.received {
                problem = "signal \(signal) came"
            } else {
                let verdict = watch.verdict(work: child.work, now: SandboxedInstallation.now)
                if verdict != .goesOn { problem = "dpkg was given up: \(patience.reason(verdict))" }
            }
            return problem == nil
        }
        if let problem { return problem }
        guard let end else { return "dpkg was given up" }
        if end.status == 0 { return nil }
        return PackageManagerOutput.cause(end.message) ?? "dpkg failed: \(CommandRunner.brief(end.message))"
    }

    private static var now: Double { Monotonic.now().milliseconds(since: .kernelStart) }
}

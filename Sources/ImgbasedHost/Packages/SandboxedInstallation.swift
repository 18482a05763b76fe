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
        "DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true",
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
        let program = SandboxedProgram(
            [Tool.dpkg.path] + arguments, environment: SandboxedInstallation.environment, patience: patience)
        switch try program.run(in: tree) {
        case .ended(0, _): return nil
        case .ended(_, let message):
            return PackageManagerOutput.cause(message) ?? "dpkg failed: \(CommandRunner.brief(message))"
        case .stopped(let cause): return "dpkg: \(cause)"
        }
    }
}

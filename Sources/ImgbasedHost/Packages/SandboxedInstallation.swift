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

    /// Why nothing of it counts, and the end of what the package manager said.
    struct Failure: Sendable {
        var reason: String
        var output = ""
    }

    /// How it ended: with a failure, or with what the package manager said.
    enum End: Sendable {
        case failed(Failure)
        case done(output: String)
    }

    /// The package manager of the tree.
    let manager: PackageManager
    /// The packages to remove first.
    var removing: [PackageName] = []
    /// The archives to install, run by run.
    var runs: [[PackageArchive]] = []
    /// The packages of dpkg that are then to stay in their versions.
    var holding: [PackageName] = []
    /// Files that stay.
    var files: [File] = []
    /// Files that are there only meanwhile, unless the tree has them.
    var temporaryFiles: [File] = []
    /// Why the tree at a path cannot be used, once all is installed; `nil` if it can.
    var check: @Sendable (_ tree: String) -> String? = { _ in nil }
    /// How long the package manager is waited for: the scripts of packages may do much work.
    var patience = Patience(idle: 600, total: 7200)

    /// Installations by `manager`.
    init(by manager: PackageManager) {
        self.manager = manager
    }

    /// Installs in the tree.
    func run(in tree: String) -> End {
        var output = ""
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
                let words = [manager.tool.path] + manager.removing(removing)
                if let failure = try run(words, in: tree, &output) { return .failed(failure) }
            }
            for archives in runs where !archives.isEmpty {
                let words = [manager.tool.path] + manager.installing(archives.map(\.path))
                if let failure = try run(words, in: tree, &output) { return .failed(failure) }
            }
            if !holding.isEmpty {
                let script = "printf '%s hold\\n' \"$@\" | \(Tool.dpkg.path) --set-selections"
                let words = ["/bin/sh", "-c", script, "sh"] + holding.map(manager.name)
                if let failure = try run(words, in: tree, &output) { return .failed(failure) }
            }
            for path in added { try confined.removeFile(path) }
            return check(tree).map { .failed(Failure(reason: $0)) } ?? .done(output: output)
        } catch {
            return .failed(Failure(reason: "\(error)"))
        }
    }

    /// Runs a program, and returns why it failed; `nil` if it did not. What it said goes to `output`.
    private func run(
        _ words: [String], in tree: String, _ output: inout String
    ) throws(SystemError) -> Failure? {
        let environment = manager.environment.map { "\($0.key)=\($0.value)" }.sorted()
        let program = SandboxedProgram(words, environment: environment, patience: patience)
        switch try program.run(in: tree) {
        case .ended(0, let message):
            output += message + "\n"
            return nil
        case .ended(_, let message):
            let brief = "\(manager.tool.name) failed: \(CommandRunner.brief(message))"
            return Failure(reason: PackageManagerOutput.cause(message) ?? brief, output: message)
        case .stopped(let cause): return Failure(reason: "\(manager.tool.name): \(cause)")
        }
    }
}

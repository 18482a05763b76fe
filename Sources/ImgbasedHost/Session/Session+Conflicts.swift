import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

extension Session {
    /// The paths of the conflicts that wait in the running layer.
    public func conflicts() throws(HostFailure) -> [TreePath] {
        try Session.checkRoot()
        return try calling { () throws(SystemError) in try ConflictSettler.waiting() }
    }

    /// Carries out `imgbase conflicts take` and `done`.
    public func settle(_ path: String, takesNew: Bool) async throws {
        let goal = ConflictPlanner.goal(path)
        try await changing(goal, ofThisHost: false) {
            let waiting = try await looking(goal) { () throws(HostFailure) in try conflicts() }
            try await carryOut(try ConflictPlanner.plan(path, takesNew: takesNew, waiting))
        }
    }

    /// The differences of the running system's `path` from the new base's version, as diff(1) prints them.
    public func difference(_ path: TreePath) async throws(HostFailure) -> String {
        let version = ConflictStore.directory + path.fileName
        let report = try await runner.run(
            Command(
                .diff,
                [
                    "--unified", "--no-dereference", "--new-file", "--label", "here \(path)", "--label",
                    "new base", "--",
                    path.fileName, version,
                ], successes: [0, 1]))
        return String(decoding: report, as: UTF8.self)
    }
}

extension TreePath {
    /// The path as a program gets it.
    fileprivate var fileName: String { String(decoding: bytes, as: UTF8.self) }
}

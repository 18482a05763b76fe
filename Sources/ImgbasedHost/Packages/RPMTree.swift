import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// What rpm(8) tells of the packages of a tree. The tree's own rpm is asked, in a sandbox: the form of the
/// database and its place differ between versions.
struct RPMTree {
    /// The place of the tree; `/` is the running system, whose rpm is asked directly.
    let place: HostSandbox.Lower

    private static let limit = PackageDatabase.limit
    private static let patience = Patience(idle: 120, total: 1200)
    private static let environment = ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]

    init(at place: HostSandbox.Lower) {
        self.place = place
    }

    /// The packages.
    func database() throws(HostFailure) -> PackageDatabase {
        let listing = try output(of: ["--query", "--all", "--queryformat", PackageDatabase.rpmFormat])
        do throws(PackageProblem) { return try PackageDatabase(rpm: listing) } catch {
            throw .contents(.packages(error))
        }
    }

    /// The files of the packages `ids`, and whether each is a configuration file.
    func files(of ids: [PackageName]) throws(HostFailure) -> [(path: String, isConfiguration: Bool)] {
        if ids.isEmpty { return [] }
        let format = #"[%{FILEFLAGS:fflags}\t%{FILENAMES}\n]"#
        let listing = try output(of: ["--query", "--queryformat", format] + ids.map(PackageManager.rpm.name))
        return lines(listing).compactMap { line in
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[1].hasPrefix("/") else { return nil }
            return (String(parts[1]), parts[0].contains("c"))
        }
    }

    /// The paths of those files of the packages `ids` that are not as the packages brought them.
    func changedFiles(of ids: [PackageName]) throws(HostFailure) -> Set<String> {
        if ids.isEmpty { return [] }
        let words = ["--verify", "--nodeps", "--noscripts"] + ids.map(PackageManager.rpm.name)
        // rpm fails if a file differs.
        let listing = try output(of: words, successes: [0, 1])
        return Set(lines(listing).compactMap { line in line.firstIndex(of: "/").map { String(line[$0...]) } })
    }

    private func lines(_ listing: [UInt8]) -> [String] {
        listing.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Running rpm

    /// What rpm prints.
    private func output(
        of arguments: [String], successes: Set<Int32> = [0]
    ) throws(HostFailure) -> [UInt8] {
        let answer: Answer
        do throws(SystemError) {
            if case .directory("/") = place {
                answer = try RPMTree.outputHere(arguments)
            } else {
                let scratch = try HostTemporaryDirectory()
                answer = try HostSandbox.run(place, in: scratch.path) {
                    RPMTree.output(of: arguments, in: $0)
                }
            }
        } catch {
            throw .contents(.packages(.database("\(error)")))
        }
        try checkSignals()
        guard let status = answer.status, successes.contains(status) else {
            throw .contents(.packages(.database("rpm: \(CommandRunner.brief(answer.message))")))
        }
        return answer.output
    }

    private struct Answer: Sendable {
        var status: Int32?
        var message: String
        var output: [UInt8] = []
    }

    private static func outputHere(_ arguments: [String]) throws(SystemError) -> Answer {
        let file = try HostTemporary.file()
        let child = try HostChild(Tool.rpm.path, arguments, environment: environment, output: file.number)
        let end = try child.wait()
        try file.rewind()
        return Answer(
            status: end?.status, message: end?.message ?? "", output: try file.readAll(limit: limit))
    }

    /// What rpm prints in the sandbox `tree`, whose `/tmp` goes with it.
    private static func output(of arguments: [String], in tree: String) -> Answer {
        let program = SandboxedProgram(
            ["/bin/sh", "-c", "exec \(Tool.rpm.path) \"$@\" >/tmp/answer", "sh"] + arguments,
            patience: patience)
        do throws(SystemError) {
            switch try program.run(in: tree) {
            case .stopped(let cause): return Answer(status: nil, message: cause)
            case .ended(let status, let message):
                let output = try ConfinedTree(tree).read("/tmp/answer", limit: limit) ?? []
                return Answer(status: status, message: message, output: output)
            }
        } catch {
            return Answer(status: nil, message: "\(error)")
        }
    }
}

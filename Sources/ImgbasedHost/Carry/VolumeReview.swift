import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Has the programs of a new layer check the configuration that was carried into it, and make what depends on
/// it (`CarryProgram`).
///
/// They run in overlays, and what they find and make is recorded in the layer (`CarryReview`). A check tells
/// something only if the same check does not fail in the old layer.
struct VolumeReview {
    private let order: CarryOrder

    init(_ order: CarryOrder) {
        self.order = order
    }

    /// Reviews what `report` tells, and returns the report of what is in the new layer afterwards.
    ///
    /// Merged lines that a program refuses become a conflict: the layer is carried again without the merge. If
    /// the change is `late`, with these paths, nothing runs: at shutdown, programs have no place.
    func run(_ report: CarryReport, late: [TreePath]?) throws(HostFailure) -> CarryReport {
        let from = try VolumeCarry(order).source()
        let policy = try CarryPolicy.read(from: from)
        let to = try VolumeCarry.mount(order.to, .readWrite)
        var (report, review) = (report, CarryReview.read(from: to))
        if let late {
            let items = (review.failed + policy.programs.compactMap { $0.late(late) }).compactMap(\.item)
            report = CarryReport(report.items + items)
        } else {
            review.failed = []
            report = try check(report, policy, from, to, &review)
            // Packages make such things as well, and a carry gives the new layer those of its base.
            let makes = policy.programs.filter { $0.purpose == .make }
            for program in PackageTree.installs(in: to) ? makes : report.due(.make, of: makes) {
                try make(program, to, &review)
            }
            try review.put(in: to)
            report = CarryReport(report.items + review.failed.compactMap(\.item))
        }
        try report.keep(in: to)
        return report
    }

    // MARK: Checks

    /// A program, and why it failed.
    private typealias Problem = (program: CarryProgram, reason: String)

    /// Records what the checks find. Returns the report of what is in the new layer afterwards.
    private func check(
        _ report: CarryReport, _ policy: CarryPolicy, _ from: borrowing ConfinedTree,
        _ to: borrowing ConfinedTree, _ review: inout CarryReview
    ) throws(HostFailure) -> CarryReport {
        let due = report.due(.check, of: policy.programs)
        let new = try PackagePlaces(order).to
        var problems: [Problem]
        do throws(HostFailure) { problems = try VolumeReview.problems(of: due, in: new) } catch {
            try checkSignals()
            review.failed += due.map { .init($0.place, $0.reason("it cannot be run: \(error)")) }
            return report
        }
        // What fails in the old layer as well fails for another reason than the change of base.
        if !problems.isEmpty {
            let known = try? VolumeReview.problems(of: problems.map(\.program), in: PackagePlaces(order).from)
            try checkSignals()
            problems.removeAll { problem in known?.contains { $0.program == problem.program } ?? false }
        }
        var unmergeable: [TreePath: String] = [:]
        for problem in problems {
            let merged = report.merged(for: problem.program)
            if !merged.isEmpty, try passes(problem.program, merged, from, in: new) {
                for path in merged { unmergeable[path] = problem.reason }
            } else {
                review.failed.append(.init(problem.program.place, problem.reason))
            }
        }
        if unmergeable.isEmpty { return report }
        for (path, reason) in unmergeable {
            if policy.rule(for: path) == .fail {
                throw .carrying("the policy refuses the conflict at '\(path)': \(reason)")
            }
            let text = try calling(to.read(path.text, limit: LineMerge.limit)) ?? []
            review.refused.append(.init(path, digest: Digest.of(text), reason: reason))
        }
        try review.put(in: to)
        let again = try VolumeCarry(order).run().report
        // Of some files, the merge cannot be taken back: accounts are merged entry by entry.
        for (path, reason) in unmergeable
        where again.items.contains(where: { $0.path == path && $0.outcome == .merged }) {
            review.failed.append(.init(path, reason))
        }
        return again
    }

    /// Whether `program` takes the `merged` files as they were in the old layer.
    private func passes(
        _ program: CarryProgram, _ merged: [TreePath], _ from: borrowing ConfinedTree,
        in new: HostSandbox.Lower
    ) throws(HostFailure) -> Bool {
        var texts: [(path: String, contents: [UInt8])] = []
        for path in merged {
            guard let contents = try calling(from.read(path.text, limit: LineMerge.limit)) else { continue }
            texts.append((path.text, contents))
        }
        return try VolumeReview.problems(of: [program], in: new, with: texts).isEmpty
    }

    /// The programs that fail in a tree that has these `texts`.
    private static func problems(
        of programs: [CarryProgram], in lower: HostSandbox.Lower,
        with texts: [(path: String, contents: [UInt8])] = []
    ) throws(HostFailure) -> [Problem] {
        if programs.isEmpty { return [] }
        let results = try calling { () throws(SystemError) in
            let scratch = try HostTemporaryDirectory()
            defer { withExtendedLifetime(scratch) {} }
            return try HostSandbox.run(lower, in: scratch.path) { tree -> Result<[String?], SystemError> in
                do throws(SystemError) {
                    for text in texts {
                        try ConfinedTree(tree).replaceFile(text.path, contents: text.contents)
                    }
                } catch {
                    return .failure(error)
                }
                return .success(programs.map { $0.problem(in: tree) })
            }.get()
        }
        try checkSignals()
        return zip(programs, results).compactMap { program, reason in reason.map { (program, $0) } }
    }

    // MARK: Makes

    /// Runs `program` and takes over what it wrote, if it succeeds.
    private func make(
        _ program: CarryProgram, _ to: borrowing ConfinedTree, _ review: inout CarryReview
    ) throws(HostFailure) {
        let scratch: HostTemporaryDirectory
        let upper: OpenDirectory
        do throws(HostFailure) {
            scratch = try calling(HostTemporaryDirectory())
            let new = try PackagePlaces(order).to
            let problem = try calling { () throws(SystemError) in
                try HostSandbox.run(new, in: scratch.path) { program.problem(in: $0) }
            }
            try checkSignals()
            if let problem { return review.failed.append(.init(program.place, problem)) }
            upper = try calling { () throws(SystemError) in
                try ConfinedTree(scratch.path).directory("/" + HostSandbox.upper)
            }
            let size = try calling(OverlayChanges.size(of: upper))
            try order.checkRoomNow(size)
            if to.free < size { throw .carrying("the new layer lacks room: \(size.formatted)") }
        } catch {
            try checkSignals()
            return review.failed.append(.init(program.place, program.reason("\(error)")))
        }
        // From here on, a failure would leave half of it.
        defer { withExtendedLifetime(scratch) {} }
        let changes = try calling { () throws(SystemError) in try OverlayChanges.apply(from: upper, to: to) }
        review.made = Set(review.made).union(changes.written.map(\.description)).sorted()
        try review.put(in: to)
        try calling(to.flush())
    }
}

extension CarryProgram {
    /// How long it is waited for.
    private static let patience = Patience(idle: 120, total: 1200)

    /// The first path that it is about, for a report.
    fileprivate var place: TreePath { patterns.first?.literalPrefix ?? .root }

    /// `reason`, behind the command.
    fileprivate func reason(_ reason: String) -> String { "'\(command)': \(reason)" }

    /// Why the command fails in `tree`; `nil` if it succeeds, or the program is not there.
    fileprivate func problem(in tree: String) -> String? {
        // The shell stays the first process: a server, which changes its user, would not end with this program.
        let line = command + "\nexit $?"
        let program = SandboxedProgram(["/bin/sh", "-c", line], patience: CarryProgram.patience)
        do throws(SystemError) {
            switch try program.run(in: tree) {
            case .ended(CarryProgram.missingStatus, _), .ended(0, _): return nil
            case .ended(let status, let message):
                let words = CommandRunner.brief(message)
                return reason(words.isEmpty ? "status \(status)" : words)
            case .stopped(let cause): return reason(cause)
            }
        } catch {
            return reason("\(error)")
        }
    }
}

extension TreePath {
    /// The path as a text. One that is no UTF-8 names no file then.
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}

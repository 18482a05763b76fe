import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Has the programs of a new layer check the configuration that was carried into it, and make what depends on
/// it (`CarryProgram`).
///
/// They run in overlays. A check tells something only if the same check does not fail in the old layer.
struct VolumeReview {
    private let order: CarryOrder

    init(_ order: CarryOrder) {
        self.order = order
    }

    /// Reviews what `report` tells, and returns the report of what is in the new layer afterwards.
    ///
    /// Merged lines that a program refuses become a conflict: the layer is carried again without the merge.
    func run(_ report: CarryReport) throws(HostFailure) -> CarryReport {
        let from = try VolumeCarry(order).source()
        let policy = try CarryPolicy.read(from: from)
        let to = try VolumeCarry.mount(order.to, .readWrite)
        let (hasPackages, old, new) = (PackageTree.installs(in: to), try before(), try after())

        var (report, items): (CarryReport, [CarryItem]) = (report, [])
        let findings = try check(report.due(.check, of: policy.programs), report, from, old: old, new: new)
        let refused = findings.flatMap(\.merged)
        if let path = refused.first(where: { policy.rule(for: $0) == .fail }) {
            throw .carrying("the policy refuses the conflict at '\(path)': its merged lines are not valid")
        }
        if !refused.isEmpty {
            let reasons = findings.flatMap { finding in finding.merged.map { ($0, finding.reason) } }
            report = try VolumeCarry(order).run(
                unmergeable: Dictionary(reasons, uniquingKeysWith: { first, _ in first }))
        }
        for finding in findings where finding.merged.isEmpty { items.append(finding.item) }

        // Packages make such things as well, and a carry gives the new layer those of its base.
        let all = policy.programs.filter { $0.purpose == .make }
        for program in hasPackages ? all : report.due(.make, of: all) {
            if let item = try make(program, new, to) { items.append(item) }
        }
        report = CarryReport(report.items + items)
        try report.keep(in: to)
        return report
    }

    // MARK: Trees

    private func before() throws(HostFailure) -> HostSandbox.Lower {
        if order.isFromRunning { return .directory("/") }
        let type = try LayerProbe.type(ofDevice: order.from.device, named: order.from.name)
        return .device(order.from.device, type: type.rawValue, isReadOnly: true)
    }

    private func after() throws(HostFailure) -> HostSandbox.Lower {
        let type = try LayerProbe.type(ofDevice: order.to.device, named: order.to.name)
        return .device(order.to.device, type: type.rawValue)
    }

    // MARK: Checks

    /// What a check says of the new layer.
    private struct Finding {
        var program: CarryProgram
        var reason: String
        /// The files with merged lines that are to blame.
        var merged: [TreePath] = []

        var item: CarryItem { CarryItem(program.place, .failed, reason) }
    }

    private func check(
        _ programs: [CarryProgram], _ report: CarryReport, _ from: borrowing ConfinedTree,
        old: HostSandbox.Lower, new: HostSandbox.Lower
    ) throws(HostFailure) -> [Finding] {
        var failures = try VolumeReview.failures(of: programs, in: new)
        // What fails in the old layer as well fails for another reason than the change of base.
        let known = try VolumeReview.failures(of: failures.map(\.program), in: old).map(\.program)
        failures.removeAll { known.contains($0.program) }
        var findings: [Finding] = []
        for failure in failures {
            var finding = Finding(program: failure.program, reason: failure.reason)
            let merged = report.merged(for: failure.program)
            if !merged.isEmpty {
                let texts = try VolumeReview.texts(merged, in: from)
                if try VolumeReview.failures(of: [failure.program], in: new, with: texts).isEmpty {
                    finding.merged = merged
                }
            }
            findings.append(finding)
        }
        return findings
    }

    private static func texts(
        _ paths: [TreePath], in tree: borrowing ConfinedTree
    ) throws(HostFailure) -> [(path: String, contents: [UInt8])] {
        var texts: [(path: String, contents: [UInt8])] = []
        for path in paths {
            let name = String(decoding: path.bytes, as: UTF8.self)
            guard let contents = try calling(tree.read(name, limit: LineMerge.limit)) else { continue }
            texts.append((name, contents))
        }
        return texts
    }

    /// The programs that fail in a tree that has these `texts`, each with the reason.
    private static func failures(
        of programs: [CarryProgram], in lower: HostSandbox.Lower,
        with texts: [(path: String, contents: [UInt8])] = []
    ) throws(HostFailure) -> [(program: CarryProgram, reason: String)] {
        if programs.isEmpty { return [] }
        let results: [String?]
        do throws(SystemError) {
            let scratch = try HostTemporaryDirectory()
            results = try HostSandbox.run(lower, in: scratch.path) { tree in
                do throws(SystemError) {
                    for text in texts {
                        try ConfinedTree(tree).replaceFile(text.path, contents: text.contents)
                    }
                } catch {
                    return programs.map { _ in "\(error)" }
                }
                return programs.map { $0.problem(in: tree) }
            }
        } catch {
            results = programs.map { $0.reason("it cannot be tried: \(error)") }
        }
        try checkSignals()
        return zip(programs, results).compactMap { program, reason in reason.map { (program, $0) } }
    }

    // MARK: Makes

    /// Runs `program` and takes over what it wrote, if it succeeds. Returns what to report.
    private func make(
        _ program: CarryProgram, _ lower: HostSandbox.Lower, _ to: borrowing ConfinedTree
    ) throws(HostFailure) -> CarryItem? {
        let scratch: HostTemporaryDirectory
        let problem: String?
        do throws(SystemError) {
            scratch = try HostTemporaryDirectory()
            problem = try HostSandbox.run(lower, in: scratch.path) { program.problem(in: $0) }
        } catch {
            return CarryItem(program.place, .failed, program.reason("it cannot be run: \(error)"))
        }
        try checkSignals()
        if let problem { return CarryItem(program.place, .failed, problem) }
        let upper = try calling { () throws(SystemError) in
            try ConfinedTree(scratch.path).directory("/" + HostSandbox.upper)
        }
        let size = try calling(OverlayChanges.size(of: upper))
        do throws(HostReason) { try order.checkRoom(size) } catch { throw .contents(error) }
        guard size <= to.free else {
            return CarryItem(
                program.place, .failed, program.reason("the new layer lacks room: \(size.formatted)"))
        }
        let changes = try calling { () throws(SystemError) in try OverlayChanges.apply(from: upper, to: to) }
        try PackageTree.addMade(changes.made, to: to)
        try calling(to.flush())
        return nil
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
        let program = SandboxedProgram(["/bin/sh", "-c", command], patience: CarryProgram.patience)
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

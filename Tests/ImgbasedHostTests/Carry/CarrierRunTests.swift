import Foundation
import ImgbasedCore
import ImgbasedHost
import ImgbasedLinux
import Testing

/// Runs from beginning to end: what they leave, and what others do meanwhile.
@Suite(.enabled(if: HostSystem.isRoot, "only root can give files to others")) struct CarrierRunTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try sh(
            "mkdir -p {base,ours,new,to}/etc; echo 1 | tee {base,new,to}/etc/x >ours/etc/y; echo 2 >ours/etc/x"
        )
    }

    @discardableResult
    private func sh(_ script: String) throws -> String {
        try Helper.run("/bin/bash", "-euc", "cd '\(scratch.path)'\n" + script)
    }

    @discardableResult
    private func carry(
        _ rules: String = "", adjusting: [TreePath: Carrier.Adjustment] = [:]
    ) throws -> CarryReport {
        let policy = try CarryPolicy(["rules.conf": Array(rules.utf8)])
        let carrier = Carrier(lists: CarryLists(), policy: policy, adjusting: adjusting)
        return try carrier.carry(
            fromBase: HostTree(scratch("base")), from: HostTree(scratch("ours")),
            toBase: HostTree(scratch("new")), to: HostTree(scratch("to")))
    }

    // MARK: The report

    @Test func theReportIsThereWheneverItIsNot() throws {
        let report = try carry()
        #expect(report.items.map(\.path.description) == ["/etc/x", "/etc/y"])
        let path = "to" + CarryReport.path
        let kept = try sh("cat \(path)")
        #expect(kept.contains("/etc/y"))
        #expect(try sh("stat -c %a \(path)") == "600")
        // Interrupted before it was written, or kept from a run before that.
        for before in ["rm \(path)", "echo longer >>\(path)", "echo {} >\(path)"] {
            try sh(before)
            try carry()
            #expect(try sh("cat \(path)") == kept, "\(before)")
        }
        // And left alone where it is the same.
        let inode = try sh("stat -c %i \(path)")
        try carry()
        #expect(try sh("stat -c %i \(path)") == inode)
    }

    /// An earlier run carried it, without that rule.
    @Test func aRuleRefusesWhatIsThereAlready() throws {
        try sh("echo 3 | tee new/etc/x >to/etc/x")
        try carry()
        #expect(try sh("cat to/etc/x") == "2")
        let kept = try sh("cat to\(CarryReport.path)")
        let error = #expect(throws: HostFailure.self) { try carry("fail /etc/x") }
        #expect(error?.description.contains("the policy refuses the conflict at '/etc/x'") == true)
        #expect(try sh("cat to\(CarryReport.path)") == kept)
    }
}

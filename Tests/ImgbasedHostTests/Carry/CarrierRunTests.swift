import Foundation
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

/// Whole runs: their results, and concurrent changes by others.
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
        try scratch.shell(script)
    }

    @discardableResult
    private func carry(
        _ rules: String = "", lists: String = "", adjusting: [TreePath: Carrier.Adjustment] = [:]
    ) throws -> CarryReport {
        let policy = try CarryPolicy(["rules.conf": Array(rules.utf8)])
        var files = PersistList()
        files.add(Array(lists.utf8), file: "files")
        let carrier = Carrier(lists: CarryLists(files: files), policy: policy, adjusting: adjusting)
        return try carrier.carry(
            fromBase: ConfinedTree(scratch("base")), from: ConfinedTree(scratch("ours")),
            toBase: ConfinedTree(scratch("new")), to: ConfinedTree(scratch("to")))
    }

    // MARK: The report

    @Test func theReportIsThereWheneverItIsNot() throws {
        let report = try carry()
        #expect(report.items.map(\.path.description) == ["/etc/x", "/etc/y"])
        let path = "to" + CarryReport.path
        let kept = try sh("cat \(path)")
        #expect(kept.contains("/etc/y"))
        #expect(try sh("stat -c %a \(path)") == "600")
        // Interrupted before the report was written, or with a report of an earlier run.
        for before in ["rm \(path)", "echo longer >>\(path)", "echo {} >\(path)"] {
            try sh(before)
            try carry()
            #expect(try sh("cat \(path)") == kept, "\(before)")
        }
        // An identical report is left alone.
        let inode = try sh("stat -c %i \(path)")
        try carry()
        #expect(try sh("stat -c %i \(path)") == inode)
    }

    /// An earlier run carried the file, without that rule.
    @Test func aRuleRefusesWhatIsThereAlready() throws {
        try sh("echo 3 | tee new/etc/x >to/etc/x")
        try carry()
        #expect(try sh("cat to/etc/x") == "2")
        let kept = try sh("cat to\(CarryReport.path)")
        let error = #expect(throws: HostFailure.self) { try carry("fail /etc/x") }
        #expect(error?.description.contains("the policy refuses the conflict at '/etc/x'") == true)
        #expect(try sh("cat to\(CarryReport.path)") == kept)
    }

    /// Each layer has its own state of imgbased, whatever the lists name.
    @Test(arguments: ["/var", "/var/lib", "/var/lib/imgbased", "/var/lib/imgbased/*", "/var/**"])
    func theReportIsNotCarried(list: String) throws {
        let path = "to" + CarryReport.path
        for tree in ["none", "ours/var/lib/imgbased"] {
            try sh(
                "mkdir -p \(tree) ours/var/lib/app; echo it >ours/var/lib/app/it; echo stale | tee \(tree)/{carried.json,carry-failure}"
            )
            try carry(lists: list)
            let kept = try sh("stat -c %i \(path); cat \(path)")
            #expect(!kept.contains("imgbased") && !kept.contains("stale"))
            #expect(try carry(lists: list).items.contains { $0.outcome == .reset } == false)
            #expect(try sh("stat -c %i \(path); cat \(path)") == kept)
        }
        #expect(try sh("ls to/var/lib/imgbased") == "carried.json")
        #expect(try sh("ls to/var/lib").contains("app") != list.contains("imgbased"))
    }

    // MARK: Files that vanish

    /// Adjustments that run `script` in the middle of a carry, at call number `count`.
    private func meanwhile(_ script: String, after count: Int) throws -> [TreePath: Carrier.Adjustment] {
        try sh("for tree in base ours new to; do echo table >$tree/etc/fstab; done")
        let calls = Counter()
        let path = scratch.path
        return [
            try #require(TreePath(parsing: "/etc/fstab")): { bytes in
                if calls.next() == count {
                    _ = try? Helper.run("/bin/bash", "-euc", "cd '\(path)'\n" + script)
                }
                return bytes
            }
        ]
    }

    private final class Counter: @unchecked Sendable {
        private let lock = NSLock()
        private var count = 0

        func next() -> Int {
            lock.withLock {
                count += 1
                return count
            }
        }
    }

    @Test(arguments: [
        // Before the file is read, and after the decision to copy it.
        ("rm ours/etc/fstab", 1), ("rm ours/etc/a; rm -r ours/etc/dir", 3),
    ])
    func whatGoesMeanwhileIsGone(script: String, after: Int) throws {
        try sh("echo a >ours/etc/a; mkdir ours/etc/dir; echo b >ours/etc/dir/b")
        try carry(adjusting: try meanwhile(script, after: after))
        #expect(try sh("diff -r ours/etc to/etc") == "")
        #expect(try sh("cat to\(CarryReport.path)").contains("'/etc/dir'") == false)
    }

    /// A file that goes away each time is an error, not waited for.
    @Test func whatNeverStaysIsAnError() throws {
        try sh("for tree in base ours new to; do echo table | tee $tree/etc/a >$tree/etc/fstab; done")
        let path = scratch("ours/etc/fstab")
        let adjusting: [TreePath: Carrier.Adjustment] = [
            try #require(TreePath(parsing: "/etc/a")): { bytes in
                try? Data(bytes).write(to: URL(fileURLWithPath: path))
                return bytes
            },
            try #require(TreePath(parsing: "/etc/fstab")): { bytes in
                try? FileManager.default.removeItem(atPath: path)
                return bytes
            },
        ]
        let error = #expect(throws: HostFailure.self) { try carry(adjusting: adjusting) }
        #expect(error?.description.hasSuffix("/etc/fstab': No such file or directory") == true)
    }
}

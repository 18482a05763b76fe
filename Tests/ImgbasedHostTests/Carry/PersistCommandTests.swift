import Foundation
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

/// The program itself, built beside these tests.
@Suite(.enabled(if: HostSystem.isRoot, "only root can carry")) struct PersistCommandTests {
    private let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try sh(
            "mkdir -p {base,ours,new,to}/etc; echo 1 >base/etc/x; echo 2 >ours/etc/x; echo 3 | tee {new,to}/etc/x"
        )
    }

    @discardableResult
    private func sh(_ script: String) throws -> String {
        try scratch.shell(script)
    }

    /// The output, with the exit status as the last line.
    private func persist(_ options: String = "", to: String = "to") throws -> [String] {
        let tests = try #require(HostSystem.resolved("/proc/self/exe"))
        let program = URL(filePath: tests).deletingLastPathComponent().path + "/imgbase"
        let command = "'\(program)' persist --from-base base --from ours --to-base new --to \(to) \(options)"
        return try sh("\(command) && status=0 || status=$?; echo $status").split(separator: "\n").map(
            String.init)
    }

    @Test func whatIsOnlyShownEndsAsItWould() throws {
        try sh("mkdir -p ours/etc/imgbased/persist.d; echo 'fail /etc/x' >ours/etc/imgbased/persist.d/x.conf")
        let refused = try persist()
        #expect(
            refused.last == "2"
                && refused.first?.contains("the policy refuses the conflict at '/etc/x'") == true)
        let shown = try persist("--dry")
        #expect(shown.suffix(2) == refused.suffix(2))
        #expect(shown.contains("no changes would be made"))
        #expect(shown.contains { $0.hasPrefix("refused '/etc/x'") })
        let json = try persist("--dry --json")
        #expect(json.suffix(2) == refused.suffix(2))
        #expect(json.contains { $0.contains("\"changes\" : 0") })
        #expect(try sh("find to -type f; cat to/etc/x") == "to/etc/x\n3")
    }

    @Test(arguments: ["ln -s data/config ours/config", "echo /opt >ours/config"])
    func listsThatAreNoDirectoryAreRefused(script: String) throws {
        try sh(
            "mkdir -p ours/data/config ours/opt; echo /opt >ours/data/config/files; echo mine >ours/opt/x; \(script)"
        )
        let refused = try persist()
        #expect(refused.last == "2" && refused.first?.contains("'ours/config' is no directory") == true)
        #expect(try sh("cat to/etc/x") == "3")
        #expect(try persist("--lists ours/data/config").last == "0")
        #expect(try sh("cat to/opt/x") == "mine")
    }

    @Test(arguments: ["ours/etc/to", ".", "base/../new/to", "link/to", "new"])
    func noDirectoryIsInAnother(to: String) throws {
        try sh("mkdir -p ours/etc/to new/to; ln -s ours/etc link")
        let refused = try persist(to: to)
        #expect(refused.count == 2 && refused.last == "2")
        #expect(refused.first?.contains(to == "new" ? "give four different" : "give four separate") == true)
        #expect(try persist(to: "to").last == "0")
    }
}

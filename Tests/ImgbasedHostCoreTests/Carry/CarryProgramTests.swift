import ImgbasedCore
import Testing

@testable import ImgbasedHostCore

/// The programs that `persist.d` names.
@Suite struct CarryProgramTests {
    private func programs(_ text: String) throws -> [CarryProgram] {
        try CarryPolicy(["a.conf": bytes(text)]).programs
    }

    private func path(_ text: String) -> TreePath { TreePath(parsing: text) ?? .root }

    @Test func aLineHasPathsAndACommand() throws {
        let programs = try programs(
            """
            # A comment
            check /etc/ssh/sshd_config /etc/ssh/sshd_config.d : mkdir -p /run/sshd; sshd -t  # as a shell has it
              make\t/etc/a\\ b/*.conf\t:\tmake-index :
            """)
        #expect(programs.map(\.purpose) == [.check, .make])
        #expect(
            programs[0].patterns.map(\.description) == ["/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d"])
        #expect(programs[0].command == "mkdir -p /run/sshd; sshd -t  # as a shell has it")
        #expect(programs[1].patterns.first?.matches(path("/etc/a b/x.conf")) == true)
        #expect(programs[1].command == "make-index :")
    }

    @Test(arguments: [
        ("check /etc/a", "a.conf:1: there is no ' : ' with a command behind it"),
        ("check /etc/a :", "a.conf:1: there is no ' : ' with a command behind it"),
        ("check : true", "a.conf:1: there is no path"),
        ("check", "a.conf:1: there is no path"),
        ("make etc/a : true", "a.conf:1: 'etc/a': the path does not begin with '/'"),
        ("make / : true", "a.conf:1: the path is the whole tree; name a path in it"),
        (
            "checks /etc/a : true",
            "a.conf:1: 'checks' is no rule; use ours, theirs, merge, whole, skip, fail, check, make"
        ),
    ])
    func whatIsNotUnderstoodIsNamed(line: String, problem: String) {
        let error = #expect(throws: CarryPolicyError.self) { try programs(line) }
        #expect(error?.description == problem)
    }

    @Test func aProgramIsDueIfSomethingOfItsIsInTheNewLayer() throws {
        let programs = try programs(
            "check /etc/ssh : sshd -t\nmake /etc/ld.so.conf.d /usr/local/lib : ldconfig")
        func due(_ path: String, _ outcome: CarryOutcome) -> [String] {
            let report = CarryReport([CarryItem(self.path(path), outcome, "")])
            return CarryProgram.Purpose.allCases.flatMap { report.due($0, of: programs) }.map(\.command)
        }
        #expect(due("/etc/ssh/sshd_config", .merged) == ["sshd -t"])
        #expect(due("/etc/ssh", .carried) == ["sshd -t"])
        #expect(due("/usr/local", .carried) == ["ldconfig"], "a directory that was added with its content")
        #expect(due("/etc/ld.so.conf.d/old.conf", .deleted) == ["ldconfig"])
        #expect(due("/etc/sshd", .merged) == [])
        for outcome in [CarryOutcome.left, .omitted, .unused, .reset, .refused, .failed] {
            #expect(due("/etc/ssh/sshd_config", outcome) == [], "\(outcome)")
        }
    }
}

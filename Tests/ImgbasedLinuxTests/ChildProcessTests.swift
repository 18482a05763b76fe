import Foundation
import ImgbasedCore
import ImgbasedHostCore
import Testing

@testable import ImgbasedHostLinux
@testable import ImgbasedLinux

@Suite struct ChildProcessTests {
    private static let patience = Patience(idle: 60, total: 60)

    private func run(_ script: String, _ patience: Patience = Self.patience) throws -> ChildProcess.Result {
        try ChildProcess.run("/bin/sh", ["-c", script], patience, variables: ["NAME=value"])
    }

    @Test func itsEndIsItsStatus() throws {
        #expect(try run("exit 3").status == 3)
        #expect(try run("kill -9 $$").status == 137)
        #expect(throws: SystemError.self) { try ChildProcess.run("/no/such/tool", [], Self.patience) }
    }

    @Test func theOutputIsBothOfItsOutputs() throws {
        let result = try run("echo one; echo '  two ' >&2; echo")
        #expect(result.output == "one\n  two \n\n")
        #expect(result.lastLine == "two ")
        #expect(try run("").lastLine == "it said nothing")
        // More than a pipe holds, and more than is kept.
        #expect(try run("head -c 200000 /dev/zero | tr '\\0' x").output.utf8.count == 65536)
    }

    @Test func theEnvironmentIsEmptyButForTheLocaleAndWhatItIsGiven() throws {
        #expect(try run("test \"$LC_ALL\" = C && test -z \"$HOME\" && test $NAME = value").status == 0)
        #expect(try run("read line || echo none").output == "none\n")
    }

    /// A surviving child has the output open until it ends.
    @Test func doesNotWaitForWhatItLeavesBehind() throws {
        let start = ContinuousClock.now
        let result = try run("sleep 100 & echo $!")
        #expect(ContinuousClock.now - start < .seconds(50))
        kill(try #require(pid_t(result.output.dropLast())), SIGKILL)
    }

    @Test func endsWhatDoesNothingWithAllItHasStarted() throws {
        let file = NSTemporaryDirectory() + "imgbased-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: file) }
        let error = #expect(throws: SystemError.self) {
            try run("sleep 1000 & echo $! >\(file); wait", Patience(idle: 1, total: 60))
        }
        #expect(error?.description == "cannot run '/bin/sh': it did nothing for 1 seconds, and was ended")
        let child = try #require(Int(String(contentsOfFile: file, encoding: .utf8).dropLast()))
        // The child ends by itself, and may not be reaped yet.
        func runs() -> Bool { SmallFile.line("/proc/\(child)/stat").map { !$0.contains(") Z ") } ?? false }
        let limit = ContinuousClock.now + .seconds(300)
        while runs() {
            try #require(ContinuousClock.now < limit)
            sched_yield()
        }
    }

    @Test func endsWhatDoesNotHearOfIt() throws {
        let error = #expect(throws: SystemError.self) {
            try run("trap '' TERM; while :; do :; done", Patience(idle: 60, total: 1))
        }
        #expect(error?.description == "cannot run '/bin/sh': it was not done after 1 seconds, and was ended")
    }

    @Test func waitsForWhatWorksHoweverLong() throws {
        // The shell only waits for a child that uses a processor.
        let script = "sh -c 'end=$(($(date +%s) + 4)); while [ $(date +%s) -lt $end ]; do :; done'; echo done"
        #expect(try run(script, Patience(idle: 2, total: 60)).output == "done\n")
    }
}

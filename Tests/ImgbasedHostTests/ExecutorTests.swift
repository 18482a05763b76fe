import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import Synchronization
import Testing

@Suite struct ExecutorTests {
    private final class Counter: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    /// The failure of `plan` if a signal comes after `steps` steps of the preparation; `nil` for success.
    private static func failure(_ plan: Plan, after steps: Int) async -> CommandFailure? {
        let begun = Counter()
        var executor = Executor(
            runner: CommandRunner(),
            interruption: { () throws(HostFailure) in
                if begun.next() > steps { throw .interrupted(15) }
            })
        do throws(CommandFailure) {
            try await executor.run(plan)
            return nil
        } catch {
            return error
        }
    }

    @Test func aSignalUndoesWhatWasBegunAndNothingElse() async throws {
        let scratch = try Scratch()
        func file(_ name: String) -> Step {
            .replaceFile(path: scratch(name), contents: [1], isOnBoot: false)
        }
        var plan = Plan(goal: "add layer 'Base-0.1'")
        plan.prepare = [file("a"), file("b")]
        plan.commit = [file("c")]
        plan.undo = [.removeFile(scratch("a"))]
        let failure = try #require(await Self.failure(plan, after: 1))
        #expect("\(failure)" == "cannot add layer 'Base-0.1': it was ended by signal 15")
        #expect(!failure.leavesChanges && !failure.isRefusal)
        for name in ["a", "b", "c"] { #expect(!Helper.exists(scratch(name))) }
        // A finished preparation is committed.
        #expect(await Self.failure(plan, after: 2) == nil)
        for name in ["a", "b", "c"] { #expect(Helper.exists(scratch(name))) }
    }
}

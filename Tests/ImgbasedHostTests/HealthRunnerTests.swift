import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import Testing

@Suite struct HealthRunnerTests {
    private static func add(_ scratch: Scratch, _ name: String, _ script: String, mode: Int = 0o755) throws {
        try scratch.addScript("health.d/" + name, script, mode: mode)
    }

    @Test func allAreRunAndTheRequiredOnesDecide() async throws {
        let scratch = try Scratch()
        try Self.add(scratch, "required/2-fails", "exit 3")
        try Self.add(scratch, "required/10-passes", "exit 0")
        try Self.add(scratch, "required/20-dies", "kill -TERM $$")
        try Self.add(scratch, "required/30-cannot", "exit 0", mode: 0o644)
        try Self.add(scratch, "required/40-old.dpkg-old", "exit 1")
        try Self.add(scratch, "required/.hidden", "exit 1")
        try Self.add(scratch, "wanted/fails", "exit 1")
        let runner = HealthRunner(
            directory: scratch("health.d"), problemPath: scratch("run/problem"))
        let results = try await runner.run()
        #expect(
            results.map(\.check.path) == [
                "required/2-fails", "required/10-passes", "required/20-dies", "required/30-cannot",
                "wanted/fails",
            ])
        #expect(results.map { $0.problem == nil } == [false, true, false, false, false])
        let problem = try #require(runner.problem)
        #expect(
            problem.hasPrefix(
                "check '2-fails' failed with status 3, check '20-dies' was ended by signal 15, "
                    + "check '30-cannot' cannot be run: "), "\(problem)")
    }

    @Test func aCheckThatOthersCanChangeHasFailed() async throws {
        let scratch = try Scratch()
        try Self.add(scratch, "required/x", "touch \(scratch("ran"))", mode: 0o777)
        let runner = HealthRunner(directory: scratch("health.d"), problemPath: scratch("run/problem"))
        let problem = try #require(try await runner.run().first?.problem)
        #expect(problem.hasPrefix("is not run: users other than root can write to"))
        #expect(!Helper.exists(scratch("ran")))
    }

    @Test func withoutRequiredFailuresAllIsWell() async throws {
        let scratch = try Scratch()
        try Self.add(scratch, "wanted/fails", "exit 1")
        let runner = HealthRunner(
            directory: scratch("health.d"), problemPath: scratch("run/problem"))
        #expect(try await runner.run().count == 1)
        #expect(runner.problem == nil)
        // The directory does not exist.
        let none = HealthRunner(directory: scratch("none"), problemPath: scratch("run/problem"))
        #expect(try await none.run().isEmpty)
    }
}

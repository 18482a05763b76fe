import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase health`.
struct HealthCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Run the health checks of this system.",
        discussion: """
            It runs the programs in /etc/imgbased/health.d/required and /etc/imgbased/health.d/wanted one \
            after the other. If a required one fails, so does this command; at boot, the layer is then \
            marked bad.
            """)

    @OptionGroup var global: GlobalOptions

    private struct Row: Encodable {
        var name: String
        var isRequired: Bool
        var complaint: String?
        var milliseconds: Int
    }

    func execute(_ context: Context) async throws {
        let goal = "check the health of this system"
        let runner = HealthRunner()
        let results: [HealthCheck.Result]
        do throws(HostFailure) {
            if context.isDry {
                let paths = try runner.checks().map(\.path)
                return context.result(
                    paths, lines: paths.isEmpty ? [HealthRunner.noChecks] : paths.map { "run \($0)" })
            }
            try Session.checkRoot()
            results = try await runner.run { if !context.isJSON { print($0.line) } }
        } catch {
            throw CommandFailure(goal, error)
        }
        let rows = results.map {
            Row(
                name: $0.check.name, isRequired: $0.check.weight == .required, complaint: $0.problem,
                milliseconds: $0.milliseconds)
        }
        context.result(rows, lines: rows.isEmpty ? [HealthRunner.noChecks] : [])
        if let problem = HealthCheck.problem(results) { throw CommandFailure(goal, .unhealthy(problem)) }
    }
}

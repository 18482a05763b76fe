import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase check`.
struct CheckCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Tell everything that is wrong with this host, and what to do.",
        discussion: """
            It prints a line for each finding, the most important first, or a line that begins with 'ok'. The \
            exit status is that of a monitoring plugin: 0 nothing is wrong, 1 warnings, 2 something critical, \
            3 the host could not be checked.
            """)

    /// The exit status if the host could not be checked.
    static let unknown: Int32 = 3

    @OptionGroup var global: GlobalOptions

    func execute(_ context: Context) async throws {
        let check: HostCheck
        do throws(HostFailure) { check = try await context.session.check() } catch {
            throw Ending(
                message: CommandFailure("check the host", error).description, status: CheckCommand.unknown)
        }
        context.result(CheckResult(check), lines: check.lines)
        if check.status != 0 { throw Ending(message: nil, status: check.status) }
    }
}

/// The end of a command with an exit status of its own.
struct Ending: Error {
    /// The message on standard error; `nil` if the output tells all.
    var message: String?
    var status: Int32
}

/// The findings, as JSON.
private struct CheckResult: Encodable {
    struct Row: Encodable {
        var area: String
        var weight: String
        var problem: String
        var remedy: String?
    }

    /// `ok`, `warning` or `critical`.
    var status: String
    var findings: [Row]

    init(_ check: HostCheck) {
        status = check.worst?.rawValue ?? "ok"
        findings = check.findings.map {
            Row(area: $0.area.rawValue, weight: $0.weight.rawValue, problem: $0.problem, remedy: $0.remedy)
        }
    }
}

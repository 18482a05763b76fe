import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The verdict on a base, as JSON.
private struct VerifiedBase: Encodable {
    var name: String
    var verdict: String
    var reason: String?

    init(_ base: Volume, _ verdict: BaseVerifier.Verdict) {
        name = base.name
        switch verdict {
        case .unchanged: self.verdict = "unchanged"
        case .unknown: self.verdict = "unknown"
        case .changed(let reason):
            self.verdict = "changed"
            self.reason = reason
        case .unreadable(let reason):
            self.verdict = "unreadable"
            self.reason = reason
        }
    }

    var line: String {
        switch verdict {
        case "unchanged": "\(name) is unchanged"
        case "unknown": "\(name) has no digest to compare with"
        case "changed": "\(name) has changed: \(reason ?? "")"
        default: "\(name) cannot be read: \(reason ?? "")"
        }
    }
}

extension BaseCommand {
    /// `imgbase base verify` prints a line for each base, and fails unless all are unchanged.
    struct Verify: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Prove that a base, or each, is unchanged since it was added.")

        @OptionGroup var shownProgress: ProgressOptions

        @Argument(help: "The base. (default: all)", completion: .bases)
        var base: String?

        @OptionGroup var global: GlobalOptions

        func checkUsage() throws {
            if global.dry { throw ValidationError("--verify changes nothing, so --dry has no meaning") }
        }

        func execute(_ context: Context) async throws {
            let display = ProgressDisplay(shownProgress)
            defer { display.finish() }
            var found: [VerifiedBase] = []
            try await context.session.verifyBases(progress: display.show) { base, verdict in
                display.finish()
                let verified = VerifiedBase(base, verdict)
                found.append(verified)
                if !context.isJSON { context.result(["": ""], lines: [verified.line]) }
            } _: { state, names in
                // If there is nothing to prove, the command fails.
                guard state.groups.contains(where: { $0.name == names.group }) else {
                    throw CommandFailure("verify the bases", .contents(.noGroup(names.group)))
                }
                let bases = Layout(state.volumes, group: names.group).bases
                guard let base else {
                    if bases.isEmpty { throw CommandFailure("verify the bases", .contents(.noBase)) }
                    return bases
                }
                return try context.answer(
                    "verify '\(base)'", bases.first { $0.name == base }.map { [$0] }, or: .unknown(base))
            }
            if context.isJSON { context.result(found, lines: []) }
            let failed = found.filter { $0.verdict != "unchanged" }.map(\.name)
            if !failed.isEmpty { throw CommandFailure("verify the bases", .unproved(failed)) }
        }
    }
}

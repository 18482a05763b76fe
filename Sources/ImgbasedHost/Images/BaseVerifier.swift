import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Proves that bases are unchanged since they were added.
public struct BaseVerifier {
    /// The result for one base.
    public enum Verdict: Hashable, Sendable {
        /// The content has the recorded digest.
        case unchanged
        /// The content differs: how.
        case changed(String)
        /// The base has no recorded digest.
        case unknown
        /// The base could not be read: why.
        case unreadable(String)

        /// The verdict if the base could not be deactivated again: it tells the `failure` as well.
        func after(_ failure: HostFailure) -> Verdict {
            switch self {
            case .changed(let reason): .changed("\(reason); and it stays active: \(failure)")
            case .unreadable(let reason): .unreadable("\(reason); and it stays active: \(failure)")
            case .unchanged, .unknown: .unreadable("it is unchanged, but stays active: \(failure)")
            }
        }
    }

    private let runner: CommandRunner
    private let reporter: ImageReporter

    /// A verifier that runs commands through `runner` and shows progress to `reporter`.
    public init(runner: CommandRunner, reporter: ImageReporter) {
        self.runner = runner
        self.reporter = reporter
    }

    /// Reads `base` from its disk. An inactive base is activated for that.
    public func verify(_ base: Volume) async -> Verdict {
        guard let digest = base.value(of: Tag.digestPrefix),
            let length = base.value(of: Tag.lengthPrefix).flatMap(UInt64.init)
        else { return .unknown }
        do throws(HostFailure) {
            if base.isActive { return try compare(base, digest, length) }
            // A base is read-only, and skipped when others are activated.
            try await runner.run(
                Command(.lvchange, ["--activate", "y", "--ignoreactivationskip", base.path.description]))
            let verdict: Verdict
            do throws(HostFailure) { verdict = try compare(base, digest, length) } catch {
                verdict = .unreadable("\(error)")
            }
            do throws(HostFailure) {
                try await runner.run(Command(.lvchange, ["--activate", "n", base.path.description]))
            } catch {
                return verdict.after(error)
            }
            return verdict
        } catch {
            return .unreadable("\(error)")
        }
    }

    private func compare(_ base: Volume, _ digest: String, _ length: UInt64) throws(HostFailure) -> Verdict {
        try BaseVerifier.compare(base.path.device, digest: digest, length: length, reporter)
    }

    /// Compares the first `length` bytes of `device` with `digest`, a SHA-256 in hexadecimal.
    public static func compare(
        _ device: String, digest: String, length: UInt64, _ reporter: ImageReporter
    ) throws(HostFailure) -> Verdict {
        let facts = try HashedReading.device(device, length: length, mayBeUsed: true) { done, total in
            reporter.report(.verify, done: done, total: total)
        }
        if facts.length != String(length) { return .changed("it has \(facts.length) of \(length) bytes") }
        return facts.digest == digest
            ? .unchanged : .changed("its SHA-256 is \(facts.digest), and was \(digest)")
    }
}

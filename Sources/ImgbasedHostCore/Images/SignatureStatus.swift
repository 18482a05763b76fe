import ImgbasedCore

/// The status that gpgv(1) reports for the signatures in a file, with `--status-fd` (GnuPG: doc/DETAILS).
public struct SignatureStatus: Hashable, Sendable {
    /// The verdict on one signature, with the key that made it.
    public enum Verdict: Hashable, Sendable {
        /// The signature is good, by a valid key.
        case good
        /// The key is unknown, so the signature proves nothing.
        case unknownKey(String)
        /// The signature does not match the data.
        case bad(String)
        /// The signature has expired.
        case expired(String)
        /// The key has expired.
        case expiredKey(String)
        /// The key was revoked.
        case revokedKey(String)
        /// The signature could not be checked.
        case unclear
    }

    /// The verdict on each signature, in order.
    public private(set) var verdicts: [Verdict] = []
    /// Whether the file has other data.
    public private(set) var hasMore = false

    /// Parses gpgv's status output.
    public init(_ status: String) {
        var signatures: [[[Substring]]] = []
        for line in status.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 1, words[0] == "[GNUPG:]" else { continue }
            switch words[1] {
            case "NEWSIG": signatures.append([])
            case "NODATA", "UNEXPECTED", "BADARMOR", "FAILURE", "ERROR": hasMore = true
            default:
                // A line before the first NEWSIG begins a signature too.
                if signatures.isEmpty { signatures.append([]) }
                signatures[signatures.count - 1].append(Array(words.dropFirst()))
            }
        }
        verdicts = signatures.map(SignatureStatus.verdict)
    }

    /// Whether a signature is good and every other one is by an unknown key. The exit status of gpgv must
    /// match.
    public func isGood(ended status: Int32) -> Bool {
        guard verdicts.contains(.good), !hasMore else { return false }
        let others = verdicts.filter { $0 != .good }
        let areUnknown = others.allSatisfy { if case .unknownKey = $0 { true } else { false } }
        return areUnknown && status == (others.isEmpty ? 0 : 2)
    }

    /// The worst verdict, which is the reason if the signatures are not good together; `nil` without
    /// signatures.
    public var worst: Verdict? {
        func weight(_ verdict: Verdict) -> Int {
            switch verdict {
            case .bad: 5
            case .revokedKey: 4
            case .expiredKey, .expired: 3
            case .unclear: 2
            case .unknownKey: 1
            case .good: 0
            }
        }
        return verdicts.max { weight($0) < weight($1) }
    }

    private static func verdict(_ lines: [[Substring]]) -> Verdict {
        func key(_ word: Substring) -> String? {
            lines.first { $0.first == word }.map { $0.count > 1 ? String($0[1]) : "" }
        }
        if let key = key("BADSIG") { return .bad(key) }
        if let key = key("REVKEYSIG") { return .revokedKey(key) }
        if let key = key("EXPKEYSIG") { return .expiredKey(key) }
        if let key = key("EXPSIG") { return .expired(key) }
        if let error = lines.first(where: { $0.first == "ERRSIG" }) {
            // ERRSIG KEY ALGORITHM HASH CLASS TIME CODE: 9 is a missing key.
            let isUnknown = error.count > 6 && error[6] == "9" && key("NO_PUBKEY") != nil
            return isUnknown && key("GOODSIG") == nil ? .unknownKey(String(error[1])) : .unclear
        }
        return key("GOODSIG") != nil && key("VALIDSIG") != nil && key("NO_PUBKEY") == nil ? .good : .unclear
    }
}

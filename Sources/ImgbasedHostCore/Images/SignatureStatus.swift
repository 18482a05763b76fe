import ImgbasedCore

/// What gpgv(1) says of the signatures in a file, with `--status-fd` (GnuPG: doc/DETAILS).
public struct SignatureStatus: Hashable, Sendable {
    /// What is to be thought of one signature, with the key that made it.
    public enum Verdict: Hashable, Sendable {
        /// It is good, and by a key that counts.
        case good
        /// Its key is not known, so it says nothing.
        case unknownKey(String)
        /// It is one of something else.
        case bad(String)
        /// It counted up to a day that is over.
        case expired(String)
        /// Its key counted up to a day that is over.
        case expiredKey(String)
        /// Its key was revoked.
        case revokedKey(String)
        /// It could not be checked.
        case unclear
    }

    /// The verdict on each.
    public private(set) var verdicts: [Verdict] = []
    /// Whether there is something else in the file.
    public private(set) var hasMore = false

    /// Reads what gpgv wrote.
    public init(_ status: String) {
        var signatures: [[[Substring]]] = []
        for line in status.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 1, words[0] == "[GNUPG:]" else { continue }
            switch words[1] {
            case "NEWSIG": signatures.append([])
            case "NODATA", "UNEXPECTED", "BADARMOR", "FAILURE", "ERROR": hasMore = true
            default:
                // Before the first there is nothing to be said of one.
                if signatures.isEmpty { signatures.append([]) }
                signatures[signatures.count - 1].append(Array(words.dropFirst()))
            }
        }
        verdicts = signatures.map(SignatureStatus.verdict)
    }

    /// Whether there is a good signature, and nothing that is worse than one by a key that is not known. gpgv `ended` with a
    /// status that has to fit.
    public func isGood(ended status: Int32) -> Bool {
        guard verdicts.contains(.good), !hasMore else { return false }
        let others = verdicts.filter { $0 != .good }
        let areUnknown = others.allSatisfy { if case .unknownKey = $0 { true } else { false } }
        return areUnknown && status == (others.isEmpty ? 0 : 2)
    }

    /// The verdict that is the reason where they are not good together.
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

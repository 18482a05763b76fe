/// The version of a Debian package, ordered as dpkg orders versions (deb-version(7)).
public struct DebianVersion: Hashable, Sendable {
    /// The version as written.
    public let text: String
    private let epoch: UInt64
    private let upstream: [UInt8]
    private let revision: [UInt8]

    /// Reads `text`; `nil` if it is no version.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= 256, bytes.allSatisfy(DebianVersion.isAllowed) else {
            return nil
        }
        var rest = bytes[...]
        var epoch: UInt64 = 0
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
            guard let number = UInt64(String(decoding: rest[..<colon], as: UTF8.self)) else { return nil }
            epoch = number
            rest = rest[(colon + 1)...]
        }
        var revision: [UInt8] = []
        if let hyphen = rest.lastIndex(of: UInt8(ascii: "-")) {
            revision = Array(rest[(hyphen + 1)...])
            rest = rest[..<hyphen]
            guard !revision.isEmpty else { return nil }
        }
        guard !rest.isEmpty else { return nil }
        (self.text, self.epoch, self.revision) = (text, epoch, revision)
        upstream = Array(rest)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLetter(byte) || ".+-~:".utf8.contains(byte)
    }

    fileprivate static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    fileprivate static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}

extension DebianVersion: Comparable {
    /// Whether both count as the same version, such as `1.0` and `1.0-0`.
    public static func == (a: DebianVersion, b: DebianVersion) -> Bool { a.order(b) == 0 }

    /// Whether `a` is older than `b`.
    public static func < (a: DebianVersion, b: DebianVersion) -> Bool { a.order(b) < 0 }

    /// Versions that count as the same have the same hash: only what all their texts share goes in.
    public func hash(into hasher: inout Hasher) { hasher.combine(epoch) }

    private func order(_ other: DebianVersion) -> Int {
        if epoch != other.epoch { return epoch < other.epoch ? -1 : 1 }
        let byUpstream = DebianVersion.order(upstream, other.upstream)
        return byUpstream != 0 ? byUpstream : DebianVersion.order(revision, other.revision)
    }

    /// Compares parts without digits by characters, and parts of digits by value, in turn.
    private static func order(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var (i, j) = (0, 0)
        while i < a.count || j < b.count {
            while (i < a.count && !isDigit(a[i])) || (j < b.count && !isDigit(b[j])) {
                let (x, y) = (weight(a, i), weight(b, j))
                if x != y { return x < y ? -1 : 1 }
                i += 1
                j += 1
            }
            let (x, y) = (number(a, &i), number(b, &j))
            if x.count != y.count { return x.count < y.count ? -1 : 1 }
            if x != y { return x.lexicographicallyPrecedes(y) ? -1 : 1 }
        }
        return 0
    }

    /// The place of a character among others: `~`, then the end or a digit, then letters, then the rest.
    private static func weight(_ bytes: [UInt8], _ index: Int) -> Int {
        guard index < bytes.count, !isDigit(bytes[index]) else { return 0 }
        if bytes[index] == UInt8(ascii: "~") { return -1 }
        return isLetter(bytes[index]) ? Int(bytes[index]) : Int(bytes[index]) + 256
    }

    /// The digits at `index`, without zeros in front; `index` goes behind them.
    private static func number(_ bytes: [UInt8], _ index: inout Int) -> ArraySlice<UInt8> {
        while index < bytes.count, bytes[index] == UInt8(ascii: "0") { index += 1 }
        let start = index
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
        return bytes[start..<index]
    }
}

extension DebianVersion: CustomStringConvertible {
    /// The version as written.
    public var description: String { text }
}

/// The version of an RPM package with its epoch and release, `EPOCH:VERSION-RELEASE`, ordered as rpm orders
/// them (rpm-version(7)).
public struct RPMVersion: Hashable, Sendable {
    /// The version as written; an epoch of 0 is left out.
    public let text: String
    private let epoch: UInt64
    private let version: [UInt8]
    private let release: [UInt8]

    /// Reads `text`; `nil` if it is no version with a release.
    public init?(_ text: String) {
        let parts = text.parts(separator: ":")
        guard parts.count <= 2, text.utf8.count <= 256, let rest = parts.last,
            let epoch = parts.count == 2 ? UInt64(parts[0]) : 0
        else { return nil }
        let halves = rest.parts(separator: "-")
        guard halves.count == 2, halves.allSatisfy(RPMVersion.isAllowed) else { return nil }
        self.text = epoch == 0 ? rest : "\(epoch):\(rest)"
        self.epoch = epoch
        version = Array(halves[0].utf8)
        release = Array(halves[1].utf8)
    }

    private static func isAllowed(_ part: String) -> Bool {
        !part.isEmpty && part.utf8.allSatisfy { isDigit($0) || isLetter($0) || "._+~^".utf8.contains($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}

extension RPMVersion: Comparable {
    /// Whether both count as the same version, such as `1.0-1` and `1_0-1`.
    public static func == (a: RPMVersion, b: RPMVersion) -> Bool { a.order(b) == 0 }

    /// Whether `a` is older than `b`.
    public static func < (a: RPMVersion, b: RPMVersion) -> Bool { a.order(b) < 0 }

    /// Versions that count as the same have the same hash: only what all their texts share goes in.
    public func hash(into hasher: inout Hasher) { hasher.combine(epoch) }

    private func order(_ other: RPMVersion) -> Int {
        if epoch != other.epoch { return epoch < other.epoch ? -1 : 1 }
        let byVersion = RPMVersion.order(version, other.version)
        return byVersion != 0 ? byVersion : RPMVersion.order(release, other.release)
    }

    /// Compares runs of digits by value and runs of letters by characters, in turn. `~` comes before the end,
    /// `^` between the end and everything else; other characters only separate.
    private static func order(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var (a, b) = (a[...], b[...])
        while !a.isEmpty || !b.isEmpty {
            (a, b) = (a.drop(while: isSeparator), b.drop(while: isSeparator))
            if let sign = bySign(UInt8(ascii: "~"), &a, &b, end: 1)
                ?? bySign(UInt8(ascii: "^"), &a, &b, end: -1)
            {
                if sign != 0 { return sign }
                continue
            }
            guard let first = a.first, let other = b.first else { break }
            let kind = isDigit(first) ? isDigit : isLetter
            let (x, y) = (a.prefix(while: kind), b.prefix(while: kind))
            // Digits are newer than letters.
            if y.isEmpty { return isDigit(other) ? -1 : 1 }
            (a, b) = (a.dropFirst(x.count), b.dropFirst(y.count))
            let (left, right) = isDigit(first) ? (x.drop(while: isZero), y.drop(while: isZero)) : (x, y)
            if isDigit(first), left.count != right.count { return left.count < right.count ? -1 : 1 }
            if !left.elementsEqual(right) { return left.lexicographicallyPrecedes(right) ? -1 : 1 }
        }
        return a.isEmpty ? (b.isEmpty ? 0 : -1) : 1
    }

    /// The order if one of the texts goes on with `sign`: 0 if both do, and they go on behind it; `nil` if
    /// none does. `end` is the order of a text that ends before one with the sign.
    private static func bySign(
        _ sign: UInt8, _ a: inout ArraySlice<UInt8>, _ b: inout ArraySlice<UInt8>, end: Int
    ) -> Int? {
        switch (a.first == sign, b.first == sign) {
        case (false, false): return nil
        case (true, true):
            (a, b) = (a.dropFirst(), b.dropFirst())
            return 0
        case (true, false): return b.isEmpty ? -end : -1
        case (false, true): return a.isEmpty ? end : 1
        }
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        !isDigit(byte) && !isLetter(byte) && byte != UInt8(ascii: "~") && byte != UInt8(ascii: "^")
    }

    private static func isZero(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "0") }
}

extension RPMVersion: CustomStringConvertible {
    /// The version as written.
    public var description: String { text }
}

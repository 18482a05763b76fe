public import ImgbasedCore

/// A size that cannot be parsed.
public struct SizeError: Error, Hashable, CustomStringConvertible {
    /// The text as the user wrote it.
    public var text: String

    /// The error for `text`, which is no size.
    public init(text: String) {
        self.text = text
    }

    /// The problem, as the end of a sentence.
    public var description: String {
        "'\(text)' is not a size; write a number and a unit, as 512M, 1G, 1.5GiB or 1000000B"
    }
}

/// The units of sizes as in lvm2: powers of 1024, in upper or lower case. Powers of 1000 do not exist: `GB`
/// is refused, not guessed at.
public enum SizeUnit: String, CaseIterable, Sendable {
    case bytes = "b"
    case sectors = "s"
    case kibibytes = "k"
    case mebibytes = "m"
    case gibibytes = "g"
    case tebibytes = "t"
    case pebibytes = "p"

    /// Parses `b`, `m`, `MiB`, `G`…; `nil` for any other text.
    public init?(_ text: some StringProtocol) {
        var letters = text.lowercased()
        if letters.hasSuffix("ib"), letters.utf8.count == 3 { letters.removeLast(2) }
        self.init(rawValue: letters)
    }

    /// The size of one unit in bytes.
    public var bytes: UInt64 {
        switch self {
        case .bytes: 1
        case .sectors: Sectors.size
        case .kibibytes: 1 << 10
        case .mebibytes: 1 << 20
        case .gibibytes: 1 << 30
        case .tebibytes: 1 << 40
        case .pebibytes: 1 << 50
        }
    }

    /// The unit as printed.
    public var symbol: String {
        switch self {
        case .bytes: "B"
        case .sectors: "sectors"
        default: rawValue.uppercased() + "iB"
        }
    }
}

extension Bytes {
    /// Parses a size as people write it; a number without a unit counts bytes.
    public init(parsing text: String) throws(SizeError) {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unitText = text.dropFirst(digits.count)
        guard let unit = unitText.isEmpty ? SizeUnit.bytes : SizeUnit(unitText) else {
            throw SizeError(text: text)
        }
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = UInt64(parts[0]) else { throw SizeError(text: text) }
        var (count, overflow) = whole.multipliedReportingOverflow(by: unit.bytes)
        if parts.count == 2 {
            // Decimals are a fraction of the unit, in integers: 1.5G is exactly 3 × 512 MiB.
            guard (1...6).contains(parts[1].count), let decimals = UInt64(parts[1]) else {
                throw SizeError(text: text)
            }
            let scale = parts[1].reduce(UInt64(1)) { product, _ in product * 10 }
            let (high, low) = unit.bytes.multipliedFullWidth(by: decimals)
            guard high < scale else { throw SizeError(text: text) }
            let (fraction, _) = scale.dividingFullWidth((high, low))
            let sum = count.addingReportingOverflow(fraction)
            count = sum.partialValue
            overflow = overflow || sum.overflow
        }
        guard !overflow, count <= UInt64(Int64.max) else { throw SizeError(text: text) }
        self.init(count)
    }

    /// The size in `unit` with two decimal places, without any for bytes and sectors: `1.50 GiB`.
    public func formatted(in unit: SizeUnit) -> String {
        if unit == .bytes || unit == .sectors { return "\(count / unit.bytes) \(unit.symbol)" }
        let hundredths = count.multipliedFullWidth(by: 100)
        let (value, _) = unit.bytes.dividingFullWidth((hundredths.high, hundredths.low))
        let decimals = value % 100
        return "\(value / 100).\(decimals < 10 ? "0" : "")\(decimals) \(unit.symbol)"
    }

    /// The size in the largest unit that fits at least once.
    public var formatted: String {
        let units: [SizeUnit] = [.pebibytes, .tebibytes, .gibibytes, .mebibytes, .kibibytes]
        return formatted(in: units.first { count >= $0.bytes } ?? .bytes)
    }

    /// The smallest multiple of `size` that is not smaller.
    public func roundedUp(to size: Bytes) -> Bytes {
        guard size.count > 0, count % size.count != 0 else { return self }
        return Bytes((count / size.count + 1) * size.count)
    }

    /// The largest multiple of `size` that is not larger.
    public func roundedDown(to size: Bytes) -> Bytes {
        size.count > 0 ? Bytes(count / size.count * size.count) : self
    }

    /// The argument for lvm2, exact to the byte.
    var lvmArgument: String { "\(count)b" }
}

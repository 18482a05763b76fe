public import ImgbasedCore

/// What is wrong with a size a person wrote.
public struct SizeError: Error, Hashable, CustomStringConvertible {
    /// What was written.
    public var text: String

    /// `text` is no size.
    public init(text: String) {
        self.text = text
    }

    /// As the end of a sentence.
    public var description: String {
        "'\(text)' is not a size; write a number and a unit, as 512M, 1G, 1.5GiB or 1000000B"
    }
}

/// The units of sizes, as lvm2 takes them: powers of 1024, whatever the case of the letter. A power of 1000 is
/// never meant: `GB` is refused rather than guessed at.
public enum SizeUnit: String, CaseIterable, Sendable {
    case bytes = "b"
    case sectors = "s"
    case kibibytes = "k"
    case mebibytes = "m"
    case gibibytes = "g"
    case tebibytes = "t"
    case pebibytes = "p"

    /// Parses `b`, `m`, `MiB`, `G`…
    public init?(_ text: some StringProtocol) {
        var letters = text.lowercased()
        if letters.hasSuffix("ib"), letters.utf8.count == 3 { letters.removeLast(2) }
        self.init(rawValue: letters)
    }

    /// How many bytes one is.
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

    /// As it is printed.
    public var symbol: String {
        switch self {
        case .bytes: "B"
        case .sectors: "sectors"
        default: rawValue.uppercased() + "iB"
        }
    }
}

extension Bytes {
    /// Parses a size as people write it; without a unit, bytes are meant.
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
            // Decimal places as a fraction of the unit, in integers: 1.5G is exactly 3 × 512 MiB.
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

    /// In `unit` with two decimal places, bytes and sectors whole: `1.50 GiB`.
    public func formatted(in unit: SizeUnit) -> String {
        if unit == .bytes || unit == .sectors { return "\(count / unit.bytes) \(unit.symbol)" }
        let hundredths = count.multipliedFullWidth(by: 100)
        let (value, _) = unit.bytes.dividingFullWidth((hundredths.high, hundredths.low))
        let decimals = value % 100
        return "\(value / 100).\(decimals < 10 ? "0" : "")\(decimals) \(unit.symbol)"
    }

    /// In the largest unit of which there is at least one.
    public var formatted: String {
        let units: [SizeUnit] = [.pebibytes, .tebibytes, .gibibytes, .mebibytes, .kibibytes]
        return formatted(in: units.first { count >= $0.bytes } ?? .bytes)
    }

    /// The next multiple of `size` that is not smaller.
    public func roundedUp(to size: Bytes) -> Bytes {
        guard size.count > 0, count % size.count != 0 else { return self }
        return Bytes((count / size.count + 1) * size.count)
    }

    /// The next multiple of `size` that is not larger.
    public func roundedDown(to size: Bytes) -> Bytes {
        size.count > 0 ? Bytes(count / size.count * size.count) : self
    }

    /// The argument that gives lvm2 exactly this size.
    var lvmArgument: String { "\(count)b" }
}

/// Repeated measurements of one value.
struct Samples {
    private let sorted: [Double]

    /// Sorts the measurements.
    ///
    /// - Precondition: `values` is not empty.
    init(_ values: [Double]) {
        sorted = values.sorted()
    }

    private var minimum: Double { sorted[0] }
    private var maximum: Double { sorted[sorted.count - 1] }
    var median: Double {
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// Median, minimum and maximum, each with `digits` decimals.
    func summary(digits: Int) -> String {
        "\(median.rounded(digits: digits)) (\(minimum.rounded(digits: digits)) to \(maximum.rounded(digits: digits)))"
    }
}

extension Double {
    /// The number as text with `digits` decimals.
    func rounded(digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((self * scale).rounded())
        guard digits > 0 else { return String(whole) }
        let fraction = String(whole % Int(scale))
        return "\(whole / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}

extension String {
    /// The text, right-aligned in `width` columns.
    func padded(_ width: Int) -> String {
        String(repeating: " ", count: Swift.max(0, width - count)) + self
    }

    /// The text, left-aligned in `width` columns.
    func filled(_ width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}

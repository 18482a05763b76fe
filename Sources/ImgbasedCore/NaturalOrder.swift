/// The order in which people read numbers in names: `6.1.0-9` before `6.1.0-10`.
public enum NaturalOrder {
    /// Whether `a` comes before `b`: runs of digits compare by value, all other bytes by byte value.
    public static func precedes(_ a: String, _ b: String) -> Bool {
        var left = Array(a.utf8)[...]
        var right = Array(b.utf8)[...]
        while let x = left.first, let y = right.first {
            if isDigit(x), isDigit(y) {
                let p = takeNumber(&left)
                let q = takeNumber(&right)
                if p.count != q.count { return p.count < q.count }
                if p != q { return p.lexicographicallyPrecedes(q) }
            } else if x != y {
                return x < y
            } else {
                left = left.dropFirst()
                right = right.dropFirst()
            }
        }
        // Equal except for leading zeros: any fixed order serves.
        return left.isEmpty && right.isEmpty ? a < b : left.isEmpty
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Takes the digits from the front and returns them without leading zeros.
    ///
    /// Their count and then their bytes order like their values, however long they are.
    private static func takeNumber(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let digits = bytes.prefix(while: isDigit)
        bytes = bytes.dropFirst(digits.count)
        return digits.drop { $0 == UInt8(ascii: "0") }
    }
}

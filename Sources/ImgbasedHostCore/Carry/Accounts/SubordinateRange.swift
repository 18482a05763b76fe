import ImgbasedCore

/// An entry of subuid(5) or subgid(5).
struct SubordinateRange: Hashable {
    /// The name or id of a user.
    var owner: [UInt8]
    var start: UInt32
    var count: UInt32

    /// The range in `line`; `nil` if there is none, or it is too large for ids.
    init?(_ line: AccountLine) {
        let fields = line.fields
        guard let name = line.name, fields.count == 3, let start = AccountLine.id(fields[1]),
            let count = AccountLine.id(fields[2]), count > 0,
            UInt64(start) + UInt64(count) <= UInt64(UInt32.max)
        else { return nil }
        owner = name
        self.start = start
        self.count = count
    }

    /// One more than the last id.
    var end: UInt32 { start + count }

    var line: AccountLine {
        AccountLine(fields: [owner, Array(String(start).utf8), Array(String(count).utf8)])
    }
}

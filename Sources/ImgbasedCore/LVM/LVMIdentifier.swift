/// The identifier of a physical volume, a volume group or a volume (lvm2: lib/uuid/uuid.c).
///
/// It has 32 characters, shown in groups separated by hyphens.
public struct LVMIdentifier: Hashable, Sendable, CustomStringConvertible {
    /// The 32 characters, as in labels and device-mapper UUIDs.
    public let characters: String

    /// Parses the 32 characters, with or without the hyphens of metadata; `nil` for any other text.
    public init?(_ text: some StringProtocol) {
        let characters = String(text.filter { $0 != "-" })
        guard characters.utf8.count == 32, characters.utf8.allSatisfy(LVMIdentifier.isAllowed) else {
            return nil
        }
        self.characters = characters
    }

    /// The characters in groups of 6, 4, 4, 4, 4, 4 and 6, as lvm2 prints them.
    public var description: String {
        var groups: [Substring] = []
        var rest = characters[...]
        for length in [6, 4, 4, 4, 4, 4, 6] {
            groups.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return groups.joined(separator: "-")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "!"), UInt8(ascii: "#"):
            true
        default:
            false
        }
    }
}

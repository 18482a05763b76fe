/// Why a name is not valid.
public enum NameError: Error, Hashable, Sendable {
    /// The name is empty.
    case empty
    /// The name is longer than `limit` bytes.
    case tooLong(limit: Int)
    /// A character that LVM2 does not allow, or a hyphen at the start.
    case character(Character)
    /// A name, or a part of one, that LVM2 reserves.
    case reserved(String)
    /// The name is neither `Base-N` nor `NAME-VERSION-RELEASE`.
    case notABase
    /// The name is neither `Base-N.M` nor `NAME-VERSION-RELEASE+M`.
    case notALayer
}

extension NameError: CustomStringConvertible {
    /// The cause, worded as the end of a sentence.
    public var description: String {
        switch self {
        case .empty: "the name is empty"
        case .tooLong(let limit): "the name is longer than \(limit) characters"
        case .character(let character):
            "'\(character)' is not allowed there; use letters, digits, '_', '.', '+' and '-', but no '-' first"
        case .reserved(let part): "LVM2 reserves '\(part)'"
        case .notABase: "a base is named Base-N or NAME-VERSION-RELEASE"
        case .notALayer: "a layer is named Base-N.M or NAME-VERSION-RELEASE+M"
        }
    }
}

/// The rules of LVM2 for the names of volume groups and volumes (lvm(8), "Valid names").
public enum VolumeName {
    /// The volume group to use if none is named or tagged.
    public static let defaultGroup = "HostVG"

    /// The longest name that imgbased creates, in bytes.
    ///
    /// A device-mapper name (127 bytes) then holds group and volume with every hyphen doubled.
    public static let limit = 55
    /// The longest name read from disks, in bytes (lvm2: NAME_LEN in lib/misc/lvm-string.h, less the zero).
    public static let readLimit = 127

    private static let reservedNames: Set<String> = [".", "..", "snapshot", "pvmove"]
    private static let reservedPrefixes = ["snapshot", "pvmove"]
    private static let reservedParts = [
        "_cdata", "_cmeta", "_corig", "_cpool", "_cvol", "_imeta", "_iorig", "_mimage", "_mlog", "_pmspare",
        "_rimage", "_rmeta", "_tdata", "_tmeta", "_vdata", "_vorigin", "_wcorig",
    ]

    /// Throws unless LVM2 accepts `name` for a volume group.
    public static func checkGroup(_ name: String, limit: Int = VolumeName.limit) throws(NameError) {
        if name.isEmpty { throw .empty }
        if name.utf8.count > limit { throw .tooLong(limit: limit) }
        for (index, character) in name.enumerated() where !isAllowed(character, first: index == 0) {
            throw .character(character)
        }
        if name == "." || name == ".." { throw .reserved(name) }
    }

    /// Throws unless LVM2 accepts `name` for a volume.
    public static func check(_ name: String, limit: Int = VolumeName.limit) throws(NameError) {
        try checkGroup(name, limit: limit)
        if reservedNames.contains(name) { throw .reserved(name) }
        for prefix in reservedPrefixes where name.hasPrefix(prefix) { throw .reserved(prefix) }
        for part in reservedParts where name.containsPart(part) { throw .reserved(part) }
    }

    private static func isAllowed(_ character: Character, first: Bool) -> Bool {
        switch character {
        case "a"..."z", "A"..."Z", "0"..."9": character.utf8.count == 1
        case "_", "+", ".": true
        case "-": !first
        default: false
        }
    }
}

extension String {
    fileprivate func containsPart(_ part: String) -> Bool {
        let bytes = Array(utf8)
        let wanted = Array(part.utf8)
        guard bytes.count >= wanted.count else { return false }
        return (0...(bytes.count - wanted.count)).contains {
            bytes[$0..<($0 + wanted.count)].elementsEqual(wanted)
        }
    }
}

/// The name of a base: `Base-N`, or `NAME-VERSION-RELEASE` as packages are named.
public struct BaseName: Hashable, Sendable, CustomStringConvertible {
    private static let numberedPrefix = "Base-"

    /// The name as LVM2 stores it.
    public let description: String
    /// N of `Base-N`; `nil` for `NAME-VERSION-RELEASE`.
    public let number: Int?

    /// Creates the name `Base-N`, with `number` as N.
    public init(number: Int) {
        self.init(description: BaseName.numberedPrefix + String(number), number: number)
    }

    private init(description: String, number: Int?) {
        self.description = description
        self.number = number
    }

    /// Parses `text`; a text longer than `limit` bytes is an error.
    public init(_ text: String, limit: Int = VolumeName.limit) throws(NameError) {
        try VolumeName.check(text, limit: limit)
        if text.hasPrefix(BaseName.numberedPrefix),
            let number = decimal(text.dropFirst(BaseName.numberedPrefix.count))
        {
            self.init(number: number)
            return
        }
        // In NAME-VERSION-RELEASE only NAME may hold hyphens. No part may hold a plus sign, which separates a
        // layer's number from its base.
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 3, !parts.contains(""), !text.contains("+") else { throw .notABase }
        self.init(description: text, number: nil)
    }
}

/// The name of a layer: the name of its base and a number, `Base-0.1` or `node-4.5.1-1+1`.
public struct LayerName: Hashable, Sendable, CustomStringConvertible {
    /// The base that the layer was created from.
    public let base: BaseName
    /// The number of the layer among those of its base, from 1.
    public let number: Int

    /// Names layer `number` of `base`.
    public init(base: BaseName, number: Int) {
        self.base = base
        self.number = number
    }

    /// Parses `text`; a text longer than `limit` bytes is an error.
    public init(_ text: String, limit: Int = VolumeName.limit) throws(NameError) {
        try VolumeName.check(text, limit: limit)
        // The last divider counts: a release may hold dots, Base-N holds none.
        for divider in ["+", "."] as [Character] {
            guard let index = text.lastIndex(of: divider),
                let number = decimal(text[text.index(after: index)...]),
                number > 0, let base = try? BaseName(String(text[..<index]), limit: limit),
                base.divider == divider
            else { continue }
            self.init(base: base, number: number)
            return
        }
        throw .notALayer
    }

    /// The name as LVM2 stores it.
    public var description: String {
        "\(base)\(base.divider)\(number)"
    }
}

extension BaseName {
    fileprivate var divider: Character {
        number == nil ? "+" : "."
    }
}

/// Parses a decimal number without sign or leading zeros; returns `nil` for any other text.
private func decimal(_ text: Substring) -> Int? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        text == "0" || text.first != "0"
    else { return nil }
    return Int(text)
}

import ImgbasedCore

/// An account file in `/etc`, by its name.
public enum AccountFile: String, Hashable, Sendable, CaseIterable {
    /// Users, passwd(5).
    case passwd
    /// Groups, group(5).
    case group
    /// Passwords of users, shadow(5).
    case shadow
    /// Passwords of groups, gshadow(5).
    case gshadow
    /// Subordinate user ids, subuid(5).
    case subuid
    /// Subordinate group ids, subgid(5).
    case subgid

    /// The least number of fields of an entry.
    var fieldCount: Int {
        switch self {
        case .passwd: 7
        case .group, .gshadow: 4
        case .shadow: 9
        case .subuid, .subgid: 3
        }
    }

    /// The indexes of the fields with ids of users, and of those with ids of groups.
    var idFields: (users: [Int], groups: [Int]) {
        switch self {
        case .passwd: ([2], [3])
        case .group: ([], [2])
        default: ([], [])
        }
    }
}

/// A line of an account file.
struct AccountLine: Hashable {
    /// The line without its newline.
    let bytes: [UInt8]
    /// The fields, any number of them.
    let fields: [[UInt8]]
    /// The name of the entry; `nil` for a comment, a line for NIS, or no entry at all.
    let name: [UInt8]?

    init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
        fields = self.bytes.split(separator: AccountLine.colon, omittingEmptySubsequences: false).map(
            Array.init)
        name = AccountLine.name(fields)
    }

    init(fields: [[UInt8]]) {
        bytes = Array(fields.joined(separator: CollectionOfOne(AccountLine.colon)))
        self.fields = fields
        name = AccountLine.name(fields)
    }

    private static let colon = UInt8(ascii: ":")

    private static func name(_ fields: [[UInt8]]) -> [UInt8]? {
        guard fields.count > 1, let name = fields.first, let first = name.first, first != UInt8(ascii: "#"),
            !isCompatibility(first)
        else { return nil }
        return name
    }

    /// Whether it is a line for NIS, nsswitch.conf(5): the lines after it may never be read.
    var isCompatibility: Bool {
        bytes.first.map(AccountLine.isCompatibility) ?? false
    }

    private static func isCompatibility(_ first: UInt8) -> Bool {
        first == UInt8(ascii: "+") || first == UInt8(ascii: "-")
    }

    static func == (a: AccountLine, b: AccountLine) -> Bool {
        a.bytes == b.bytes
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(bytes)
    }

    /// Whether it is blank or a comment.
    var isSilent: Bool {
        bytes.first == UInt8(ascii: "#")
            || bytes.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    /// The id in a field; `nil` if it has none.
    ///
    /// The greatest number is no id: chown(2) takes it for "as before".
    func id(_ field: Int) -> UInt32? {
        guard field < fields.count else { return nil }
        return AccountLine.id(fields[field])
    }

    static func id(_ digits: [UInt8]) -> UInt32? {
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let id = UInt32(String(decoding: digits, as: UTF8.self)), id < .max
        else { return nil }
        return id
    }

    /// Whether it is a complete entry of `file`.
    func isWhole(_ file: AccountFile) -> Bool {
        guard name != nil, fields.count >= file.fieldCount else { return false }
        return (file.idFields.users + file.idFields.groups).allSatisfy { AccountLine.id(fields[$0]) != nil }
    }
}

/// An account file, line by line.
struct AccountTable {
    let file: AccountFile
    let lines: [AccountLine]
    /// The index of the entry that counts for a name: the first complete one.
    ///
    /// The C library skips incomplete ones.
    private let places: [[UInt8]: Int]
    /// The place of each line among the entries of its name; the one that counts has place 0.
    private let occurrences: [Int]

    /// The table of `contents`; a missing file has no lines.
    init(_ file: AccountFile, _ contents: [UInt8]?) {
        self.file = file
        var lines = (contents ?? []).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { AccountLine($0) }
        if lines.last?.bytes.isEmpty == true { lines.removeLast() }
        self.lines = lines
        var places: [[UInt8]: Int] = [:]
        for (index, line) in lines.enumerated() {
            guard let name = line.name else { continue }
            guard let place = places[name] else {
                places[name] = index
                continue
            }
            if !lines[place].isWhole(file), line.isWhole(file) { places[name] = index }
        }
        var counts: [[UInt8]: Int] = [:]
        occurrences = lines.enumerated().map { index, line in
            guard let name = line.name, places[name] != index else { return 0 }
            counts[name, default: 0] += 1
            return counts[name, default: 0]
        }
        self.places = places
    }

    /// The entry that counts for `name`.
    subscript(name: [UInt8]) -> AccountLine? {
        places[name].map { lines[$0] }
    }

    /// The index of the entry that counts for `name`.
    func index(of name: [UInt8]) -> Int? {
        places[name]
    }

    /// The name of the line at `index`, if it is the entry that counts for it.
    func counted(at index: Int) -> [UInt8]? {
        guard let name = lines[index].name, places[name] == index else { return nil }
        return name
    }

    /// The place of the line at `index` among the entries of its name; 0 for the one that counts.
    func occurrence(at index: Int) -> Int {
        occurrences[index]
    }
}

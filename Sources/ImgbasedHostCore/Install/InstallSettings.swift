import ImgbasedCore

/// The settings that an installation gives a layer, beside what the image has.
public struct InstallSettings: Hashable, Sendable {
    /// The name of the host; `nil` keeps the image's.
    public var hostname: HostName?
    /// The password of root; `nil` keeps the image's.
    public var password: PasswordHash?
    /// The keys by which root can log in, in the order of the files.
    public var keys: [AuthorizedKeys] = []
    /// The files put over the layer; `nil` for none.
    public var overlay: Overlay?

    /// No settings.
    public init() {}

    /// The place of root's keys, which sshd(8) reads.
    public static let keyPath = "/root/.ssh/authorized_keys"

    /// The list of paths outside `/etc` that updates carry too (imgbased.persist(5)); `nil` for none.
    var persistList: [UInt8]? {
        let key = keys.isEmpty ? nil : TreePath(parsing: InstallSettings.keyPath)
        let paths = (overlay?.carriedPaths ?? []) + [key].compactMap { $0 }
        if paths.isEmpty { return nil }
        return Array("# Written by imgbase install: carried by updates, besides /etc.\n".utf8)
            + Set(paths).sorted().flatMap { PathPattern.literal($0) + [UInt8(ascii: "\n")] }
    }
}

extension PathPattern {
    /// The line of a list that means `path` alone, whatever characters are in it.
    static func literal(_ path: TreePath) -> [UInt8] {
        path.bytes.flatMap { "*?[]\\# ".utf8.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
    }
}

/// The name of a host, as `/etc/hostname` has it (hostname(5)).
public struct HostName: Hashable, Sendable {
    /// The text.
    public let text: String

    /// The name `text`; throws unless it is labels of letters, digits and hyphens, separated by dots, with at
    /// most 64 characters.
    public init(_ text: String) throws(InstallReason) {
        func isLabel(_ label: Substring) -> Bool {
            let bytes = label.utf8
            return !bytes.isEmpty && bytes.first != UInt8(ascii: "-") && bytes.last != UInt8(ascii: "-")
                && bytes.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
        }
        guard text.utf8.count <= 64,
            text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isLabel)
        else { throw .badHostName(text) }
        self.text = text
    }
}

/// The hash of a password, as `/etc/shadow` has it (crypt(5)).
public struct PasswordHash: Hashable, Sendable {
    /// The hash.
    public let text: String

    /// The prefixes of yescrypt, bcrypt, scrypt, SHA-512 and SHA-256.
    private static let methods = ["y", "gy", "2a", "2b", "2y", "7", "6", "5"]

    /// The hash in the file `path`, its only line; throws if that is no hash.
    ///
    /// A password itself is no hash: it would be readable wherever the file is kept.
    public init(_ contents: [UInt8], path: String) throws(InstallReason) {
        var line = contents[...]
        if line.last == UInt8(ascii: "\n") { line = line.dropLast() }
        let fields = line.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        guard fields.count >= 4, fields[0].isEmpty, fields[2...].allSatisfy({ !$0.isEmpty }),
            PasswordHash.methods.contains(String(decoding: fields[1], as: UTF8.self)),
            line.allSatisfy({ (0x21...0x7E).contains($0) && !":*!\\".utf8.contains($0) })
        else { throw .badPassword(path) }
        text = String(decoding: line, as: UTF8.self)
    }

    /// The `shadow` file `contents` with this password for root; `nil` if root is not in it.
    public func applied(to contents: [UInt8]) -> [UInt8]? {
        var isSet = false
        let lines = contents.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let result = lines.map { line -> [UInt8] in
            var fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
                .map(Array.init)
            guard fields.count > 1, fields[0] == Array("root".utf8) else { return Array(line) }
            isSet = true
            fields[1] = Array(text.utf8)
            return Array(fields.joined(separator: [UInt8(ascii: ":")]))
        }
        return isSet ? Array(result.joined(separator: [UInt8(ascii: "\n")])) : nil
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

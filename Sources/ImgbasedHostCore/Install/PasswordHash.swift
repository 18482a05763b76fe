import ImgbasedCore

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

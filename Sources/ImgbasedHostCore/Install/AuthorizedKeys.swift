import ImgbasedCore

/// Public keys in the format of `authorized_keys` (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
public struct AuthorizedKeys: Hashable, Sendable {
    /// The lines with keys, in order.
    public let lines: [String]

    /// The types of keys that OpenSSH has (sshd_config(5), PubkeyAcceptedAlgorithms).
    private static let types: Set = [
        "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    ]

    /// The keys in the file `path`; throws if a line is no public key, or if there is none.
    ///
    /// Blank lines and comments are left out.
    public init(_ contents: [UInt8], path: String) throws(InstallReason) {
        var lines: [String] = []
        let all = contents.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, bytes) in all.enumerated() {
            let text = String(decoding: bytes, as: UTF8.self)
            if text.hasPrefix("-----BEGIN ") { throw .privateKey(path) }
            let line = text.hasSuffix("\r") ? String(text.dropLast()) : text
            if line.hasPrefix("#") || line.allSatisfy({ $0 == " " || $0 == "\t" }) { continue }
            guard AuthorizedKeys.isKey(line) else { throw .badKey(path, line: index + 1) }
            lines.append(line)
        }
        if lines.isEmpty { throw .noKey(path) }
        self.lines = lines
    }

    /// Whether `line` has a type and a key of that type, perhaps after options.
    private static func isKey(_ line: String) -> Bool {
        guard line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else { return false }
        let words = line.split { $0 == " " || $0 == "\t" }
        guard let place = words.firstIndex(where: { types.contains(String($0)) }), place + 1 < words.count
        else { return false }
        // A key begins with the length and the text of its type (RFC 4253, 6.6).
        let type = Array(words[place].utf8)
        let head = [0, 0, 0, UInt8(type.count)] + type
        return decoded(words[place + 1].utf8)?.starts(with: head) == true
    }

    /// The bytes of base64 (RFC 4648); `nil` if it is none.
    private static func decoded(_ text: Substring.UTF8View) -> [UInt8]? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let digits = text.reversed().drop { $0 == UInt8(ascii: "=") }.reversed()
        guard text.count.isMultiple(of: 4), text.count - digits.count <= 2 else { return nil }
        var bytes: [UInt8] = []
        var (bits, count) = (UInt32(0), 0)
        for digit in digits {
            guard let value = alphabet.firstIndex(of: digit) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    /// The file `contents` with these keys after its own; keys that it has are not repeated.
    public func added(to contents: [UInt8]) -> [UInt8] {
        let known = contents.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        let new = lines.filter { !known.contains($0) }.flatMap { Array(($0 + "\n").utf8) }
        let isEnded = contents.isEmpty || contents.last == UInt8(ascii: "\n")
        return contents + (isEnded || new.isEmpty ? [] : [UInt8(ascii: "\n")]) + new
    }
}

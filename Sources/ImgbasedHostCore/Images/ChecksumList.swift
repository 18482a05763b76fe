import ImgbasedCore

/// A list of SHA-256 digests in each of the forms that sha256sum(1) reads.
///
/// Format: coreutils, src/digest.c, split_3.
public struct ChecksumList: Hashable, Sendable {
    /// The maximum length in bytes; a longer list is not read.
    public static let limit = 16 << 20

    /// The answer of a list for a file.
    public enum Answer: Hashable, Sendable {
        /// The digest, in lower-case hexadecimal.
        case digest(String)
        /// The list does not have the file.
        case missing
        /// The list has several digests for the file.
        case contradictory
    }

    private var digests: [[UInt8]: Set<String>] = [:]

    /// Reads `text`. Other lines are skipped, as in sha256sum.
    public init(_ text: some Collection<UInt8>) {
        // Only a list that begins with one blank before a name has one blank throughout.
        var hasOneBlank: Bool?
        for line in text.split(separator: UInt8(ascii: "\n")) {
            var line = Array(line).drop(while: ChecksumList.isBlank)
            if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
            let isEscaped = line.first == UInt8(ascii: "\\")
            let rest = Array(line.dropFirst(isEscaped ? 1 : 0))
            guard let (name, digest) = ChecksumList.tagged(rest) ?? ChecksumList.plain(rest, &hasOneBlank),
                let name = isEscaped ? ChecksumList.unescaped(name) : name
            else { continue }
            digests[name, default: []].insert(digest)
        }
    }

    /// The answer for the file `name` in the list's own directory.
    public func answer(for name: String) -> Answer {
        let bytes = Array(name.utf8)
        let found = (digests[bytes] ?? []).union(digests[Array("./".utf8) + bytes] ?? [])
        guard let digest = found.first else { return .missing }
        return found.count == 1 ? .digest(digest) : .contradictory
    }

    /// `DIGEST  NAME`, `DIGEST *NAME`, or `DIGEST NAME`; a backslash at the beginning means that the name has
    /// escapes.
    private static func plain(_ line: [UInt8], _ hasOneBlank: inout Bool?) -> (name: [UInt8], digest: String)?
    {
        guard line.count > 65, let digest = hexadecimal(line.prefix(64)), isBlank(line[64]) else {
            return nil
        }
        let rest = line.dropFirst(65)
        if rest.count == 1 || !(rest.first == UInt8(ascii: " ") || rest.first == UInt8(ascii: "*")) {
            guard hasOneBlank != false else { return nil }
            hasOneBlank = true
        } else if hasOneBlank != true {
            hasOneBlank = false
            return (Array(rest.dropFirst()), digest)
        }
        return (Array(rest), digest)
    }

    /// `SHA256 (NAME) = DIGEST`, with or without blanks.
    private static func tagged(_ line: [UInt8]) -> (name: [UInt8], digest: String)? {
        guard line.starts(with: "SHA256".utf8), let end = line.lastIndex(of: UInt8(ascii: ")")) else {
            return nil
        }
        var start = line.dropFirst(6)
        if start.first == UInt8(ascii: " ") { start = start.dropFirst() }
        var rest = line[(end + 1)...].drop(while: isBlank)
        guard start.popFirst() == UInt8(ascii: "("), start.startIndex <= end,
            rest.popFirst() == UInt8(ascii: "="), let digest = hexadecimal(rest.drop(while: isBlank))
        else { return nil }
        return (Array(line[start.startIndex..<end]), digest)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
    }

    private static func hexadecimal(_ digits: some Collection<UInt8>) -> String? {
        let text = String(decoding: digits, as: UTF8.self).lowercased()
        let isDigest = text.utf8.count == 64 && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
        return isDigest ? text : nil
    }

    private static func unescaped(_ name: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        var rest = name[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "n"): result.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "r"): result.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "\\"): result.append(UInt8(ascii: "\\"))
            default: return nil
            }
        }
        return result
    }
}

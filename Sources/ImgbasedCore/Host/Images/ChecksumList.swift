/// A list of SHA-256 digests as sha256sum(1) writes and reads it, in either of its forms.
public struct ChecksumList: Hashable, Sendable {
    /// Longer than this, in bytes, it is not read.
    public static let limit = 1 << 20

    /// What a list says of a file.
    public enum Answer: Hashable, Sendable {
        /// Its digest, in lower-case hexadecimal.
        case digest(String)
        /// Nothing.
        case missing
        /// More than one thing.
        case contradictory
    }

    private var digests: [[UInt8]: Set<String>] = [:]

    /// Reads `text`. Lines that are none of a list are passed over, as sha256sum does.
    public init(_ text: some Collection<UInt8>) {
        for line in text.split(separator: UInt8(ascii: "\n")) {
            var line = Array(line)
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            guard let (name, digest) = ChecksumList.plain(line) ?? ChecksumList.tagged(line) else { continue }
            digests[name, default: []].insert(digest)
        }
    }

    /// What it says of the file called `name`, in the list's own directory.
    public func answer(for name: String) -> Answer {
        let bytes = Array(name.utf8)
        let found = (digests[bytes] ?? []).union(digests[Array("./".utf8) + bytes] ?? [])
        guard let digest = found.first else { return .missing }
        return found.count == 1 ? .digest(digest) : .contradictory
    }

    /// `DIGEST  NAME`, or `DIGEST *NAME`; after a backslash, the name has escapes.
    private static func plain(_ line: [UInt8]) -> (name: [UInt8], digest: String)? {
        let isEscaped = line.first == UInt8(ascii: "\\")
        let rest = line.dropFirst(isEscaped ? 1 : 0)
        guard rest.count > 66, let digest = hexadecimal(rest.prefix(64)) else { return nil }
        let mark = rest.dropFirst(64).prefix(2)
        guard mark.elementsEqual("  ".utf8) || mark.elementsEqual(" *".utf8) else { return nil }
        let name = Array(rest.dropFirst(66))
        guard isEscaped else { return (name, digest) }
        return unescaped(name).map { ($0, digest) }
    }

    /// `SHA256 (NAME) = DIGEST`
    private static func tagged(_ line: [UInt8]) -> (name: [UInt8], digest: String)? {
        let start = Array("SHA256 (".utf8)
        let middle = Array(") = ".utf8)
        guard line.starts(with: start), line.count > start.count + middle.count + 64 else { return nil }
        guard let digest = hexadecimal(line.suffix(64)), line.dropLast(64).suffix(4).elementsEqual(middle)
        else {
            return nil
        }
        return (Array(line[start.count..<(line.count - 68)]), digest)
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

/// Addresses of images that are not on this host.
public enum ImageAddress {
    /// Whether `text` is an address with a scheme and an authority, such as `https://HOST/PATH` (RFC 3986,
    /// 3).
    public static func isAddress(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        let rest = text.utf8.drop { isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) }
        return rest.starts(with: "://".utf8) && rest.count > 3
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

import ImgbasedCore

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

import ImgbasedCore

/// `grub.cfg`, of which one section is ours. grub-mkconfig puts sections between the same marks, and leaves ours as it is
/// when it makes the file anew (util/grub-mkconfig.in).
public struct GRUBConfig: Hashable, Sendable {
    /// The whole text.
    public private(set) var text: String

    /// Where grub-mkconfig looks for our section.
    public static let script = "/etc/grub.d/09_imgbased"

    private static let begin = "### BEGIN \(script) ###\n"
    private static let end = "### END \(script) ###\n"
    /// What the first section that may have entries begins with: those of a running system, of others, of users.
    private static let entries = ["1", "2", "3", "4"].map { "### BEGIN /etc/grub.d/\($0)" }

    /// The file with `text`.
    public init(_ text: String) {
        self.text = text
    }

    /// The section that is there, with its marks and the blank line that follows.
    private var section: Range<String.Index>? {
        guard var start = text.firstRange(of: GRUBConfig.begin) else { return nil }
        // One that does not end is somebody's text.
        while let next = text[start.upperBound...].firstRange(of: GRUBConfig.begin) { start = next }
        guard let stop = text[start.upperBound...].firstRange(of: GRUBConfig.end) else { return nil }
        let isFollowed = text[stop.upperBound...].hasPrefix("\n")
        return start.lowerBound..<(isFollowed ? text.index(after: stop.upperBound) : stop.upperBound)
    }

    /// Whether our section is there.
    public var hasSection: Bool { section != nil }

    /// Puts our section there with `script` in it: in place of the one there is, else before the first that has entries, so
    /// that layers come first in the menu, else at the end.
    public mutating func put(_ script: String) {
        let new = GRUBConfig.begin + script + GRUBConfig.end + "\n"
        if let section {
            text.replaceSubrange(section, with: new)
        } else if let place = GRUBConfig.entries.compactMap({ text.firstRange(of: $0)?.lowerBound }).min() {
            text.insert(contentsOf: new, at: place)
        } else {
            text += ([nil, UInt8(ascii: "\n")].contains(text.utf8.last) ? "" : "\n") + new
        }
    }

    /// Takes our section away.
    public mutating func takeAway() {
        if let section { text.removeSubrange(section) }
    }
}

extension StringProtocol {
    /// Where `other` is first, byte for byte.
    fileprivate func firstRange(of other: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].utf8.starts(with: other.utf8) {
                return start..<utf8.index(start, offsetBy: other.utf8.count)
            }
            guard let next = self[start...].utf8.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            start = utf8.index(after: next)
        }
        return nil
    }
}

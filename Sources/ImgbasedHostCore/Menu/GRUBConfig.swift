import ImgbasedCore

/// `grub.cfg`, of which one section is ours. grub-mkconfig puts the same marks around the output of each
/// program, also if there is none (util/grub-mkconfig.in). Our program keeps our section, or its absence.
public struct GRUBConfig: Hashable, Sendable {
    /// The text of the whole file.
    public private(set) var text: String

    /// The link by which grub-mkconfig finds our program.
    public static let script = "/etc/grub.d/09_imgbased"
    /// The program that prints our section for grub-mkconfig.
    public static let keeper = "/usr/lib/imgbased/09_imgbased"
    /// The GRUB script that is our section.
    public static let layers = "/usr/lib/imgbased/layers.cfg"

    private static let begin = "### BEGIN \(script) ###\n"
    private static let end = "### END \(script) ###\n"
    /// The beginnings of the sections that may have entries: of the running system, of others, of users.
    private static let entries = ["1", "2", "3", "4"].map { "### BEGIN /etc/grub.d/\($0)" }

    /// The file with `text`.
    public init(_ text: String) {
        self.text = text
    }

    /// Our section, with its marks and the blank line after it.
    private var section: Range<String.Index>? {
        guard var start = text.firstRange(of: GRUBConfig.begin) else { return nil }
        // An unterminated section is foreign text.
        while let next = text[start.upperBound...].firstRange(of: GRUBConfig.begin) { start = next }
        guard let stop = text[start.upperBound...].firstRange(of: GRUBConfig.end) else { return nil }
        let isFollowed = text[stop.upperBound...].hasPrefix("\n")
        return start.lowerBound..<(isFollowed ? text.index(after: stop.upperBound) : stop.upperBound)
    }

    /// Whether the file has our section, and something in it.
    public var hasSection: Bool {
        guard let section else { return false }
        return text[section].split(separator: "\n").count > 2
    }

    /// Writes our section with `script`: in place of the old one, or before the first section with entries,
    /// so that layers come first in the menu, or at the end.
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

    /// Removes our section.
    public mutating func takeAway() {
        if let section { text.removeSubrange(section) }
    }
}

extension StringProtocol {
    /// The first line-start match of `other`, byte for byte.
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

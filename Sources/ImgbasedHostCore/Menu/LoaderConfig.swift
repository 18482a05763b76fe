import ImgbasedCore

/// `loader.conf` of systemd-boot, of which one line is ours: which entries are booted unattended.
struct LoaderConfig: Hashable {
    /// The whole text.
    private(set) var text: String

    /// The first of our entries in systemd-boot's order.
    private static let line = "default imgbased-*"
    /// Stands before the line that ours replaced.
    private static let mark = "#imgbased "

    /// The file with `text`.
    init(_ text: String) {
        self.text = text
    }

    private var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    private static func isDefault(_ line: Substring) -> Bool {
        line == "default" || line.hasPrefix("default ") || line.hasPrefix("default\t")
    }

    /// Whether our line is there.
    var hasLine: Bool { lines.contains { $0 == LoaderConfig.line } }

    /// Puts our line there; what said the same before is kept as a comment.
    mutating func put() {
        if hasLine { return }
        let kept = lines.map { LoaderConfig.isDefault($0) ? LoaderConfig.mark + $0 : String($0) }
        text = ([LoaderConfig.line] + kept).joined(separator: "\n")
    }

    /// Takes it away, and gives back what was there.
    mutating func takeAway() {
        if !hasLine { return }
        let kept = lines.filter { $0 != LoaderConfig.line }.map {
            $0.hasPrefix(LoaderConfig.mark) ? String($0.dropFirst(LoaderConfig.mark.count)) : String($0)
        }
        text = kept.joined(separator: "\n")
    }
}

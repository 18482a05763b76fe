import ImgbasedCore

/// systemd-boot's `loader.conf`, of which one line is ours: the entries that boot unattended.
struct LoaderConfig: Hashable {
    /// The text of the whole file.
    private(set) var text: String

    /// Chooses our first entry in systemd-boot's order.
    private static let line = "default imgbased-*"
    /// Marks a line that ours replaces.
    private static let mark = "#imgbased "

    /// The file with `text`.
    init(_ text: String) {
        self.text = text
    }

    private var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    private static func isDefault(_ line: Substring) -> Bool {
        line == "default" || line.hasPrefix("default ") || line.hasPrefix("default\t")
    }

    /// Whether the file has our line.
    var hasLine: Bool { lines.contains { $0 == LoaderConfig.line } }

    /// Adds our line, and keeps earlier defaults as comments.
    mutating func put() {
        if hasLine { return }
        let kept = lines.map { LoaderConfig.isDefault($0) ? LoaderConfig.mark + $0 : String($0) }
        text = ([LoaderConfig.line] + kept).joined(separator: "\n")
    }

    /// Removes our line, and restores the earlier defaults.
    mutating func takeAway() {
        if !hasLine { return }
        let kept = lines.filter { $0 != LoaderConfig.line }.map {
            $0.hasPrefix(LoaderConfig.mark) ? String($0.dropFirst(LoaderConfig.mark.count)) : String($0)
        }
        text = kept.joined(separator: "\n")
    }
}

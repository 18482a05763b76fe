import ImgbasedCore

/// `loader.conf` of systemd-boot, of which one line is ours: what is booted unattended.
struct LoaderConfig: Hashable {
    /// What systemd-boot makes of our entries.
    enum Mode: Hashable {
        /// We have no line: whatever it does with them is not what is recorded.
        case absent
        /// What else there is is booted. Ours says so, and nothing else: an entry on trial comes first by itself (`SystemdBoot`).
        case besides
        /// The first of them is booted.
        case layers
    }

    /// The whole text.
    private(set) var text: String

    /// The first of our entries in systemd-boot's order.
    private static let pattern = "imgbased-*"
    private static let line = "default \(pattern)"
    /// For systemd-boot a comment.
    private static let note = "# imgbased: a layer on trial is booted before what there is besides layers"
    /// Stands before the line that ours replaced.
    private static let mark = "#imgbased "

    /// The file with `text`.
    init(_ text: String) {
        self.text = text
    }

    private var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// What a line says is the default (systemd: src/boot/efi/boot.c, `line_get_key_value`); `nil` where it is about something else.
    private static func defaultPattern(_ line: Substring) -> String? {
        let words = line.split(maxSplits: 1) { $0 == " " || $0 == "\t" || $0 == "\r" }
        guard words.count == 2, words[0] == "default" else { return nil }
        let value = String(words[1]).trimmed
        let isQuoted = value.hasPrefix("\"") && value.hasSuffix("\"") && value.count > 1
        return isQuoted ? String(value.dropFirst().dropLast()) : value
    }

    /// What it says: of several lines, the last counts.
    private var value: String? { lines.compactMap(LoaderConfig.defaultPattern).last }

    /// What somebody else has made the default.
    var otherDefault: String? { value == LoaderConfig.pattern ? nil : value }

    /// What it makes of our entries.
    var mode: Mode {
        if value == LoaderConfig.pattern { return .layers }
        return lines.contains { $0 == LoaderConfig.note } ? .besides : .absent
    }

    /// Makes that `mode`. What was the default before is kept as a comment, or given back.
    mutating func set(_ mode: Mode) {
        if mode == self.mode, mode != .absent { return }
        let others = lines.filter {
            $0 != LoaderConfig.note && LoaderConfig.defaultPattern($0) != LoaderConfig.pattern
        }
        .map { line in
            line.hasPrefix(LoaderConfig.mark) ? line.dropFirst(LoaderConfig.mark.count) : line
        }
        switch mode {
        case .absent: text = others.joined(separator: "\n")
        case .besides: text = ([LoaderConfig.note[...]] + others).joined(separator: "\n")
        case .layers:
            let kept = others.map {
                LoaderConfig.defaultPattern($0) == nil ? String($0) : LoaderConfig.mark + $0
            }
            text = ([LoaderConfig.line] + kept).joined(separator: "\n")
        }
    }
}

import ImgbasedCore

/// systemd-boot's `loader.conf`, of which one line is ours: the entries that boot unattended.
struct LoaderConfig: Hashable {
    /// Which entries systemd-boot boots unattended.
    enum Mode: Hashable {
        /// No line is ours: the record has no effect.
        case absent
        /// The entries besides layers. Our line is a comment: the sort key of an entry on trial puts it first
        /// (`SystemdBoot`).
        case besides
        /// The first of our entries.
        case layers
    }

    /// The text of the whole file.
    private(set) var text: String

    /// Chooses our first entry in systemd-boot's order.
    private static let pattern = "imgbased-*"
    private static let line = "default \(pattern)"
    /// A comment to systemd-boot.
    private static let note = "# imgbased: a layer on trial is booted before what there is besides layers"
    /// Marks a line that ours replaces.
    private static let mark = "#imgbased "

    /// The file with `text`.
    init(_ text: String) {
        self.text = text
    }

    private var lines: [String] { text.parts(separator: "\n") }

    /// The value of a `default` line (systemd: src/boot/efi/boot.c, `line_get_key_value`); `nil` for other
    /// lines.
    private static func defaultPattern(_ line: String) -> String? {
        let words = line.unicodeScalars.split(maxSplits: 1) { $0 == " " || $0 == "\t" || $0 == "\r" }
            .map(String.init)
        guard words.count == 2, words[0] == "default" else { return nil }
        let value = words[1].trimmed
        let isQuoted = value.hasPrefix("\"") && value.hasSuffix("\"") && value.count > 1
        return isQuoted ? String(value.dropFirst().dropLast()) : value
    }

    /// The value that counts: of several lines, the last.
    private var value: String? { lines.compactMap(LoaderConfig.defaultPattern).last }

    /// A default that is not ours; `nil` if there is none.
    var otherDefault: String? { value == LoaderConfig.pattern ? nil : value }

    /// The current mode.
    var mode: Mode {
        if value == LoaderConfig.pattern { return .layers }
        return lines.contains { $0 == LoaderConfig.note } ? .besides : .absent
    }

    /// Changes to `mode`. Earlier defaults are kept as comments, or restored.
    mutating func set(_ mode: Mode) {
        if mode == self.mode, mode != .absent { return }
        let others = lines.filter {
            $0 != LoaderConfig.note && LoaderConfig.defaultPattern($0) != LoaderConfig.pattern
        }
        .map { line in
            line.hasPrefix(LoaderConfig.mark) ? String(line.dropFirst(LoaderConfig.mark.count)) : line
        }
        switch mode {
        case .absent: text = others.joined(separator: "\n")
        case .besides: text = ([LoaderConfig.note] + others).joined(separator: "\n")
        case .layers:
            let kept = others.map {
                LoaderConfig.defaultPattern($0) == nil ? $0 : LoaderConfig.mark + $0
            }
            text = ([LoaderConfig.line] + kept).joined(separator: "\n")
        }
    }
}

import ImgbasedCore

/// A message to the journal, which other programs can find: each kind has a stable identifier and a text in
/// `systemd/imgbased.catalog`.
public struct JournalMessage: Hashable, Sendable {
    /// The kind of event.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A layer was booted.
        case booted = "a5c8d7ef4a43f32969a9e4419b3260b1"
        /// A layer was booted in place of another.
        case fallback = "016d3ccca696b369e79a1cf7053c7ef2"
        /// A layer came up healthy.
        case good = "ee6843b4584e2960680e937076c87ef4"
        /// A layer did not come up healthy.
        case bad = "ba0df36580abd369ad363d32dc1e496c"
        /// A layer did not come up healthy, and the system restarts.
        case goingBack = "10a9f80f977796157acb0e074ff5e30a"
        /// A warning for the administrator.
        case warning = "a8bad25b20421a3fbf824824002d32e9"
    }

    /// The event.
    public var kind: Kind
    /// The affected layer; `nil` if none.
    public var layer: String?
    /// The message, on one line.
    public var text: String

    /// A message with `text` about `layer`.
    public init(_ kind: Kind, layer: String?, _ text: String) {
        self.kind = kind
        self.layer = layer
        self.text = text.asMessageLine
    }

    /// The fields of the journal's entry, each `NAME=value` (systemd.journal-fields(7)).
    public var fields: [String] {
        let isUrgent = kind != .booted && kind != .good
        let fields = [
            "MESSAGE=" + text, "MESSAGE_ID=" + kind.rawValue, "PRIORITY=" + (isUrgent ? "4" : "5"),
            "SYSLOG_IDENTIFIER=imgbase",
        ]
        return fields + (layer.map { ["IMGBASED_LAYER=" + $0.asMessageLine] } ?? [])
    }
}

import ImgbasedCore

/// What is told to the journal, so that other programs can find it: a stable identifier each, and a text in
/// `systemd/imgbased.catalog`.
public struct JournalMessage: Hashable, Sendable {
    /// What happened.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A layer was booted.
        case booted = "a5c8d7ef4a43f32969a9e4419b3260b1"
        /// A layer was booted in place of another.
        case fallback = "016d3ccca696b369e79a1cf7053c7ef2"
        /// A layer came up healthy.
        case good = "ee6843b4584e2960680e937076c87ef4"
        /// A layer did not come up healthy.
        case bad = "ba0df36580abd369ad363d32dc1e496c"
        /// The system is started again for that.
        case goingBack = "10a9f80f977796157acb0e074ff5e30a"
        /// There is something the administrator should know.
        case warning = "a8bad25b20421a3fbf824824002d32e9"
    }

    /// What happened.
    public var kind: Kind
    /// The layer it is about.
    public var layer: String?
    /// One line.
    public var text: String

    /// `text`, about `layer`.
    public init(_ kind: Kind, layer: String?, _ text: String) {
        self.kind = kind
        self.layer = layer
        self.text = text.asMessageLine
    }

    /// The entry as systemd's journal takes it on its socket (systemd: NATIVE_PROTOCOL.md): no value has more than one
    /// line.
    public var entry: String {
        let isUrgent = kind != .booted && kind != .good
        var fields = [
            ("MESSAGE", text), ("MESSAGE_ID", kind.rawValue), ("PRIORITY", isUrgent ? "4" : "5"),
            ("SYSLOG_IDENTIFIER", "imgbase"),
        ]
        if let layer { fields.append(("IMGBASED_LAYER", layer.asMessageLine)) }
        return fields.map { "\($0)=\($1)\n" }.joined()
    }
}

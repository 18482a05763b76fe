public import ImgbasedCore

/// The status that every user may read, as the initramfs and the last boot recorded it in `/run`.
public struct RecordedStatus: Hashable, Sendable {
    /// The initramfs's report; `nil` if there is none.
    public var early: HostStatus.EarlyBoot?
    /// Why the boot loader booted the layer; `nil` if not told.
    public var reason: BootReason?
    /// The status for people as last recorded, one line each; `nil` if nothing recorded it.
    public var lines: [String]?

    /// The keys of the status that only root gets.
    public static let needsRoot = [
        "default", "trial", "next", "pool", "health", "conflicts", "left", "leftIn", "missingPackages",
        "staged", "volumes",
    ]

    /// A status of these records; `nil` if there is none. `message` is the content of ``path``.
    public init?(early: HostStatus.EarlyBoot?, reason: BootReason?, message: String?) {
        let lines = message?.split(whereSeparator: \.isNewline).map(String.init) ?? []
        if early == nil, lines.isEmpty { return nil }
        self.early = early
        self.reason = reason
        self.lines = lines.isEmpty ? nil : lines
    }

    /// The file of the status shown at login (pam_motd(8)).
    public static let path = "/run/motd.d/imgbased"

    /// The warnings of the initramfs.
    public var warnings: [String] { early.map(HostStatus.warnings) ?? [] }

    /// The lines for people.
    public var shown: [String] {
        if let lines { return lines }
        guard let early else { return [] }
        let mode = early.mode == .readWrite ? "" : " (\(early.mode.rawValue))"
        return ["booted:     \(early.layer)\(mode)"] + warnings.map { "warning:    \($0)" }
    }

    /// One line on the origin of the lines and on what only root can see.
    public var note: String {
        lines == nil
            ? "this is what the initramfs has recorded; only root sees the rest: the default, the next boot, the room; "
                + "use sudo"
            : "this is the status as it was recorded after the boot; only root sees it as it is now; use sudo"
    }
}

/// Questions that systemd puts to whoever is at the console (systemd: docs/PASSWORD_AGENTS.md).
enum Passphrase {
    private static let questions = "/run/systemd/ask-password"

    /// Whether a passphrase is being asked for. If that cannot be read, no: the disks' time then ends as
    /// ever.
    static var isAskedFor: Bool {
        (try? DirectoryListing.names(in: questions))?.contains { $0.hasPrefix("ask.") } ?? false
    }
}

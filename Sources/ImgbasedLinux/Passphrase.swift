/// Questions that systemd puts to whoever is at the console (systemd: docs/PASSWORD_AGENTS.md).
enum Passphrase {
    private static let questions = "/run/systemd/ask-password"

    /// Whether a passphrase is being asked for.
    static var isAskedFor: Bool {
        DirectoryListing.names(in: questions).contains { $0.hasPrefix("ask.") }
    }
}

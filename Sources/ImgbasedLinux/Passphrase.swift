/// Questions that systemd asks at the console (systemd: docs/PASSWORD_AGENTS.md).
enum Passphrase {
    private static let questions = "/run/systemd/ask-password"

    /// Whether systemd is asking for a passphrase; `false` if the questions cannot be read.
    ///
    /// The time for disks then ends as usual.
    static var isAskedFor: Bool {
        (try? DirectoryListing.names(in: questions))?.contains { $0.hasPrefix("ask.") } ?? false
    }
}

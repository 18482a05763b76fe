import CLinux

/// The kernel's log, which the journal of the booted system takes over.
public enum KernelLog {
    /// Whether standard error is in the journal already (systemd.exec(5), `JOURNAL_STREAM`).
    public static var isJournalThere: Bool { getenv("JOURNAL_STREAM") != nil }

    /// Writes one line, as a warning; does nothing if the kernel does not take it.
    ///
    /// The corresponding file is `/dev/kmsg` (linux: Documentation/ABI/testing/dev-kmsg).
    public static func warn(_ line: String) {
        let text = "<4>" + line
        try? OpenFile(opening: "/dev/kmsg", O_WRONLY).write(text.utf8)
    }
}

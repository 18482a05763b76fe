import Glibc

/// The kernel's log, which the journal of the booted system takes over.
public enum KernelLog {
    /// Whether what goes to standard error is in the journal already (systemd.exec(5), `JOURNAL_STREAM`).
    public static var isJournalThere: Bool { getenv("JOURNAL_STREAM") != nil }

    /// Writes one line, as a warning. Nothing comes of it where the kernel does not take it.
    ///
    /// The corresponding file is `/dev/kmsg` (linux: Documentation/ABI/testing/dev-kmsg).
    public static func warn(_ line: String) {
        let descriptor = open("/dev/kmsg", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        let text = "<4>" + line
        _ = text.withCString { write(descriptor, $0, strlen($0)) }
        close(descriptor)
    }
}

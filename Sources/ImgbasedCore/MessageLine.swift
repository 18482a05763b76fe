extension String {
    /// The same as one line of a message. Much that messages quote comes from disks: control characters, which a
    /// terminal would obey, become question marks, and what is longer than a line of the kernel's log is cut
    /// (linux: kernel/printk/printk.c, LOG_LINE_MAX, less what stands before the message).
    public var asMessageLine: String {
        let limit = 900
        var line = ""
        for scalar in unicodeScalars {
            if line.utf8.count >= limit { return line + "…" }
            let isControl = scalar.value < 32 || (127...159).contains(scalar.value)
            line.unicodeScalars.append(isControl ? "?" : scalar)
        }
        return line
    }
}

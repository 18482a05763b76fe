/// qcow2 files, by `qemu-img`.
public enum DiskImage {
    /// Makes `path`, holding zeros.
    static func create(_ path: String, mebibytes: Int) throws {
        try HostCommand.run("qemu-img", "create", "-q", "-f", "qcow2", path, "\(mebibytes)M")
    }

    /// Makes `path`, showing what `file` holds until something else is written.
    static func createOverlay(_ path: String, of file: String) throws {
        try HostCommand.run(
            "qemu-img", "create", "-q", "-f", "qcow2", "-F", format(of: file), "-b", file, path)
    }

    /// Writes what `file` shows to the raw, sparse `image`.
    public static func convert(_ file: String, toRaw image: String) throws {
        try HostCommand.run(
            ["qemu-img", "convert", "-f", format(of: file), "-O", "raw", file, image], within: .minutes(10))
    }

    /// How `file` is written: all we make ourselves is named for it.
    static func format(of file: String) -> String {
        file.hasSuffix(".qcow2") ? "qcow2" : "raw"
    }
}

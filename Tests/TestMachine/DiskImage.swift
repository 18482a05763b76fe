/// Makes and converts disk images with `qemu-img`.
public enum DiskImage {
    /// Makes the qcow2 file `path`, filled with zeros.
    static func create(_ path: String, mebibytes: Int) throws {
        try HostCommand.run("qemu-img", "create", "-q", "-f", "qcow2", path, "\(mebibytes)M")
    }

    /// Makes the qcow2 file `path`, an overlay that shows `file` until written to.
    static func createOverlay(_ path: String, of file: String) throws {
        try HostCommand.run(
            "qemu-img", "create", "-q", "-f", "qcow2", "-F", format(of: file), "-b", file, path)
    }

    /// Writes the content of the disk image `file` to the raw, sparse `image`.
    public static func convert(_ file: String, toRaw image: String) throws {
        try HostCommand.run(
            ["qemu-img", "convert", "-f", format(of: file), "-O", "raw", file, image], within: .minutes(10))
    }

    /// The format of `file`, by the suffix of its name.
    static func format(of file: String) -> String {
        file.hasSuffix(".qcow2") ? "qcow2" : "raw"
    }
}

/// The compression of a kernel module, named as in `/sys/module/compression`.
///
/// That file names the compression that the kernel can undo itself (linux: kernel/module/sysfs.c).
public enum ModuleCompression: String, Hashable, Sendable {
    /// RFC 1952.
    case gzip
    /// xz-file-format.txt of XZ Utils.
    case xz
    /// RFC 8878.
    case zstd

    /// The number of bytes at the start of a file that identify its compression.
    public static let magicLength = 6

    /// The compression of a file that begins with `bytes`; `nil` if it is not compressed.
    public init?(_ bytes: [UInt8]) {
        if bytes.starts(with: [0x1f, 0x8b]) {
            self = .gzip
        } else if bytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) {
            self = .xz
        } else if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
            self = .zstd
        } else {
            return nil
        }
    }
}

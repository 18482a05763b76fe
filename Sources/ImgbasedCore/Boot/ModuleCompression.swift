/// How a kernel module can be compressed, called as in `/sys/module/compression`, where a kernel says what it can undo itself
/// (linux: kernel/module/sysfs.c).
public enum ModuleCompression: String, Hashable, Sendable {
    /// RFC 1952.
    case gzip
    /// xz-file-format.txt of XZ Utils.
    case xz
    /// RFC 8878.
    case zstd

    /// How many bytes of a file tell.
    public static let magicLength = 6

    /// How the file is compressed that begins with `bytes`; `nil` where it is not.
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

import Glibc
import SystemPackage

/// Files that are read or written whole: `/proc`, `/sys`, `/run`.
public enum SmallFile {
    /// The text of the file at `path`, at most `limit` bytes of it; what is not UTF-8 is replaced.
    ///
    /// The corresponding C functions are `open` and `read`.
    public static func read(_ path: String, limit: Int = 65536) throws(SystemError) -> String {
        try SystemError.stage("read", path) {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            return try file.closeAfter {
                var bytes: [UInt8] = []
                while bytes.count < limit {
                    let chunk = try [UInt8](unsafeUninitializedCapacity: min(4096, limit - bytes.count)) {
                        $1 = try file.read(into: UnsafeMutableRawBufferPointer($0))
                    }
                    if chunk.isEmpty { break }
                    bytes += chunk
                }
                return String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    /// The same without the white space at its end, or `nil` where there is no such file.
    public static func line(_ path: String) -> String? {
        guard let text = try? read(path) else { return nil }
        return String(text.prefix { $0 != "\n" })
    }

    /// Whether there is anything at `path`.
    ///
    /// The corresponding C function is `access`.
    public static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Writes `text` to a new file at `path`, making the directories above it; a file that is there is replaced.
    /// Not flushed: for `/run` and unit directories, which a restart empties.
    ///
    /// The corresponding C functions are `mkdir`, `open`, `write` and `rename`.
    public static func write(_ text: String, to path: String) throws(SystemError) {
        try makeDirectory(above: path)
        let temporary = path + ".new"
        try SystemError.stage("write", path) {
            let file = try FileDescriptor.open(
                FilePath(temporary), .writeOnly, options: [.create, .truncate, .closeOnExec, .noFollow],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
            _ = try file.closeAfter { try file.writeAll(text.utf8) }
        }
        guard rename(temporary, path) == 0 else { throw .last("write", path) }
    }

    /// Makes a symbolic link at `path` to `target`, and the directories above it; a link that is there is kept
    /// when it says the same and replaced when not.
    ///
    /// The corresponding C function is `symlink`.
    public static func link(to target: String, at path: String) throws(SystemError) {
        try makeDirectory(above: path)
        let temporary = path + ".new"
        unlink(temporary)
        guard symlink(target, temporary) == 0, rename(temporary, path) == 0 else { throw .last("link", path) }
    }

    /// Makes the directory at `path` and those above it, where they are not there.
    ///
    /// The corresponding C function is `mkdir`.
    public static func makeDirectory(_ path: String) throws(SystemError) {
        if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, path.contains("/") else { throw .last("make directory", path) }
        try makeDirectory(above: path)
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .last("make directory", path) }
    }

    private static func makeDirectory(above path: String) throws(SystemError) {
        guard let end = path.lastIndex(of: "/"), end != path.startIndex else { return }
        try makeDirectory(String(path[..<end]))
    }
}

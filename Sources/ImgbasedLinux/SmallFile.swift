import CLinux

/// Reads and writes whole files in `/proc`, `/sys` and `/run`.
public enum SmallFile {
    /// The text of the file at `path`, at most `limit` bytes of it; invalid UTF-8 is replaced.
    ///
    /// The corresponding C functions are `open` and `read`.
    public static func read(_ path: String, limit: Int = 65536) throws(SystemError) -> String {
        String(decoding: try bytes(path, limit: limit), as: UTF8.self)
    }

    /// The first line of the file at `path`; `nil` if the file is missing or cannot be read.
    ///
    /// Use it for files that the kernel has only if they apply.
    public static func line(_ path: String) -> String? {
        guard let bytes = try? bytes(path, limit: 4096) else { return nil }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    private static func bytes(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        do throws(SystemError) {
            return try OpenFile(opening: path, O_RDONLY).read(upTo: limit)
        } catch {
            throw error.failing("read", path)
        }
    }

    /// Whether anything is at `path`, or at the target of a link there.
    ///
    /// The corresponding C function is `access`.
    public static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Writes `text` to a new file at `path`, which replaces any file there.
    ///
    /// Missing directories above it are made. Nothing is flushed: a restart empties `/run` and unit
    /// directories.
    ///
    /// The corresponding C functions are `mkdir`, `open`, `write` and `rename`.
    public static func write(_ text: String, to path: String) throws(SystemError) {
        try makeDirectory(above: path)
        let temporary = path + ".new"
        do throws(SystemError) {
            try Replacement.put(temporary, at: path, shown: path) { () throws(SystemError) in
                let file = try OpenFile(
                    opening: temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, permissions: 0o644)
                // The umask must not restrict the file.
                guard fchmod(file.number, 0o644) == 0 else { throw .last("write", path) }
                try file.write(text.utf8)
            }
        } catch {
            throw error.failing("write", path)
        }
    }

    /// Makes a symbolic link at `path` to `target`, which replaces any link or file there.
    ///
    /// Missing directories above it are made.
    ///
    /// The corresponding C functions are `mkdir`, `symlink` and `rename`.
    public static func link(to target: String, at path: String) throws(SystemError) {
        try makeDirectory(above: path)
        let temporary = path + ".new"
        do throws(SystemError) {
            try Replacement.put(temporary, at: path, shown: path) { () throws(SystemError) in
                guard symlink(target, temporary) == 0 else { throw .last("link", path) }
            }
        } catch {
            throw error.failing("link", path)
        }
    }

    /// Makes the directory at `path` and those above it, if they are missing.
    ///
    /// Other users may read them, whatever the umask.
    ///
    /// The corresponding C functions are `mkdir` and `chmod`.
    public static func makeDirectory(_ path: String) throws(SystemError) {
        if try makeOneDirectory(path) { return }
        guard path.contains("/") else { throw SystemError("make directory", path, errno: ENOENT) }
        try makeDirectory(above: path)
        guard try makeOneDirectory(path) else { throw SystemError("make directory", path, errno: ENOENT) }
    }

    /// Returns whether the directory exists now; `false` if the one above it is missing.
    private static func makeOneDirectory(_ path: String) throws(SystemError) -> Bool {
        if mkdir(path, 0o755) == 0 {
            // The umask must not restrict the directory.
            guard chmod(path, 0o755) == 0 else { throw .last("make directory", path) }
            return true
        }
        switch imgbased_errno() {
        case EEXIST: return true
        case ENOENT: return false
        default: throw .last("make directory", path)
        }
    }

    private static func makeDirectory(above path: String) throws(SystemError) {
        guard let end = path.lastIndex(of: "/"), end != path.startIndex else { return }
        try makeDirectory(String(path[..<end]))
    }
}

import CLinux

/// The names in a directory.
public enum DirectoryListing {
    /// The names in the directory at `path` but `.` and `..`; none where it cannot be read.
    public static func names(in path: String) -> [String] {
        (try? read(path)) ?? []
    }

    /// The same; none only where there is no such directory.
    ///
    /// The corresponding C functions are `opendir` and `readdir`.
    static func read(_ path: String) throws(SystemError) -> [String] {
        guard let directory = opendir(path) else {
            if imgbased_errno() == ENOENT { return [] }
            throw .last("read", path)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}

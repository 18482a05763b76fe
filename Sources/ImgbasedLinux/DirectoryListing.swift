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
        while let name = imgbased_next_name(directory) { names.append(String(cString: name)) }
        guard imgbased_errno() == 0 else { throw .last("read", path) }
        return names
    }
}

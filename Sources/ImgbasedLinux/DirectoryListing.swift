import CLinux

/// The names in a directory, except `.` and `..`.
public enum DirectoryListing {
    /// The names in the directory at `path`; none if nothing has that path.
    ///
    /// The corresponding C functions are `open`, `fdopendir` and `readdir`.
    ///
    /// - Throws: if the directory cannot be opened, or cannot be read to its end.
    public static func names(in path: String) throws(SystemError) -> [String] {
        let number = imgbased_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        guard number >= 0 else {
            if imgbased_errno() == ENOENT { return [] }
            throw .last("read", path)
        }
        return try bytes(owning: number, shown: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The names in the open directory `number`, byte for byte; this closes it.
    ///
    /// More than `limit` names are an error.
    ///
    /// The corresponding C functions are `fdopendir` and `readdir`.
    package static func bytes(
        owning number: CInt, shown: String, limit: Int = .max
    ) throws(SystemError) -> [[UInt8]] {
        guard let stream = fdopendir(number) else {
            let error = SystemError.last("read", shown)
            close(number)
            throw error
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let name = imgbased_next_name(stream) {
            guard names.count < limit else {
                throw SystemError("read", shown, reason: "it has too many names")
            }
            let bytes = UnsafeRawBufferPointer(start: name, count: strlen(name))
            names.append([UInt8](bytes))
        }
        guard imgbased_errno() == 0 else { throw .last("read", shown) }
        return names
    }
}

import CLinux
import Glibc
public import ImgbasedLinux

extension ConfinedTree {
    /// Replaces or makes the file at `path`.
    ///
    /// This writes and flushes a new file beside it, renames that over it, and flushes the directory. A
    /// reader sees the old content or the new, also after a power cut. A boot loader that replays no journal
    /// may not: for its files, use ``replaceBootFile(_:contents:staging:)``.
    ///
    /// The new file gets the owner, mode and extended attributes of the old one. A link at the end of `path`
    /// is followed. Missing directories above it are made.
    ///
    /// The corresponding C functions are `openat2`, `write`, `fsync` and `renameat`.
    public func replaceFile(_ path: String, contents: [UInt8], permissions: UInt32 = 0o644)
        throws(SystemError)
    {
        let path = try destination(path)
        let (directoryPath, name) = ConfinedTree.split(path)
        let directory = try open(directoryPath, O_RDONLY | O_DIRECTORY)
        let temporary = ConfinedTree.temporaryName(for: name)
        try Replacement.put(temporary, at: name, in: directory.number, shown: shown(path)) {
            () throws(SystemError) in
            let file = try makeFile(
                directoryPath + "/" + temporary, like: path, contents, permissions: permissions)
            try file.flush()
        }
        try directory.flush()
    }

    /// The path of the file behind `path`, which may be a link; makes the directories above it.
    func destination(_ path: String) throws(SystemError) -> String {
        let (directoryPath, name) = ConfinedTree.split(path)
        try makeDirectories(directoryPath)
        let directory = try open(directoryPath, O_RDONLY | O_DIRECTORY)
        guard let target = try ConfinedTree.link(name, in: directory), target != path else { return path }
        // This is one link, within the tree. The recursion follows a chain link by link; a loop ends here at
        // the kernel's limit for path lookups.
        _ = try open(directoryPath + "/" + name, ConfinedTree.pathOnly)
        return try destination(target.hasPrefix("/") ? target : directoryPath + "/" + target)
    }

    /// The name of a new file until it takes the place of `name` in the same directory.
    static func temporaryName(for name: String) -> String { ".\(name)\(newSuffix)" }
    private static let newSuffix = ".imgbased-new"

    /// The name that the temporary file `name` was to take; `nil` if `name` is no such file.
    static func replaced(by name: String) -> String? {
        guard name.hasPrefix("."), name.hasSuffix(newSuffix), name.utf8.count > newSuffix.utf8.count + 1
        else {
            return nil
        }
        return String(name.dropFirst().dropLast(newSuffix.count))
    }

    /// Makes a file at the unused `path` with the owner, mode and extended attributes of `model`.
    ///
    /// If `model` is missing, the file gets `permissions`. Nothing is flushed.
    func makeFile(
        _ path: String, like model: String, _ contents: [UInt8], permissions: UInt32 = 0o644
    ) throws(SystemError) -> OpenFile {
        let file = try open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, permissions: permissions)
        // The umask must not restrict the mode.
        guard fchmod(file.number, permissions) == 0 else { throw .last("write", shown(model)) }
        do throws(SystemError) {
            try ConfinedTree.copyAttributes(from: open(model, O_RDONLY | O_NONBLOCK), to: file)
        } catch {
            if !error.isMissing { throw error }
        }
        try file.write(contents)
        return file
    }

    /// Removes the file or link at `path`, if it exists, and flushes the directory.
    ///
    /// The corresponding C functions are `openat2` and `unlinkat`.
    public func removeFile(_ path: String) throws(SystemError) {
        let (directoryPath, name) = ConfinedTree.split(path)
        let directory = try open(directoryPath, O_RDONLY | O_DIRECTORY)
        guard unlinkat(directory.number, name, 0) == 0 || errno == ENOENT else {
            throw .last("remove", shown(path))
        }
        try directory.flush()
    }

    /// Renames `path` to `name` in the same directory, and flushes the directory.
    ///
    /// The corresponding C functions are `openat2` and `renameat`.
    public func rename(_ path: String, to name: String) throws(SystemError) {
        let (directoryPath, old) = ConfinedTree.split(path)
        let directory = try open(directoryPath, O_RDONLY | O_DIRECTORY)
        guard renameat(directory.number, old, directory.number, name) == 0 else {
            throw .last("rename", shown(path))
        }
        try directory.flush()
    }

    /// Removes the directory at `path` and its files, if it exists, and flushes the directory above.
    ///
    /// A directory that contains a directory is refused.
    ///
    /// The corresponding C functions are `openat2` and `unlinkat`.
    public func removeDirectory(_ path: String) throws(SystemError) {
        let (parentPath, name) = ConfinedTree.split(path)
        do throws(SystemError) {
            let directory = try open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            for file in try directory.names() {
                guard unlinkat(directory.number, file.terminated, 0) == 0 else {
                    throw .last("empty", directory.name)
                }
            }
            let parent = try open(parentPath, O_RDONLY | O_DIRECTORY)
            guard unlinkat(parent.number, name, AT_REMOVEDIR) == 0 else {
                throw .last("remove", shown(path))
            }
            try parent.flush()
        } catch {
            if !error.isMissing { throw error }
        }
    }

    /// The target of the link at `path`, as the link says; `nil` if `path` is no link.
    ///
    /// The corresponding C function is `readlinkat`.
    public func link(at path: String) throws(SystemError) -> String? {
        let (directoryPath, name) = ConfinedTree.split(path)
        do throws(SystemError) {
            return try ConfinedTree.link(name, in: open(directoryPath, O_RDONLY | O_DIRECTORY))
        } catch {
            if error.isMissing { return nil }
            throw error
        }
    }

    /// Whether `path` is a directory, or a link to one.
    public func isDirectory(_ path: String) throws(SystemError) -> Bool {
        let number = imgbased_open_in_root(root.number, path, ConfinedTree.pathOnly | O_DIRECTORY, 0)
        if number >= 0 {
            close(number)
            return true
        }
        if errno == ENOENT || errno == ENOTDIR { return false }
        throw .lookup("look at", shown(path))
    }

    /// Makes the directory at `path`, and those above it, if they are missing.
    ///
    /// The corresponding C functions are `openat2` and `mkdirat`.
    public func makeDirectories(_ path: String) throws(SystemError) {
        var made = ""
        for component in path.split(separator: "/") {
            let parent = made.isEmpty ? "/" : made
            made += "/" + component
            if try isDirectory(made) { continue }
            let directory = try open(parent, O_RDONLY | O_DIRECTORY)
            if mkdirat(directory.number, String(component), 0o755) == 0 {
                // The umask must not restrict the mode.
                guard fchmodat(directory.number, String(component), 0o755, 0) == 0 else {
                    throw .last("make directory", shown(made))
                }
            } else if errno != EEXIST {
                throw .last("make directory", shown(made))
            }
            try directory.flush()
        }
    }

    /// The directory and the last component of `path`.
    static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("/", path) }
        let directory = String(path[..<slash])
        return (directory.isEmpty ? "/" : directory, String(path[path.index(after: slash)...]))
    }

    static func link(_ name: String, in directory: borrowing OpenFile) throws(SystemError) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlinkat(directory.number, name, &buffer, buffer.count)
        if count < 0 {
            // It is no link, or it is missing.
            if errno == EINVAL || errno == ENOENT { return nil }
            throw .last("read link", directory.name + "/" + name)
        }
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func copyAttributes(
        from old: borrowing OpenFile, to new: borrowing OpenFile
    ) throws(SystemError) {
        let status = try old.status()
        guard status.kind == .file else { return }
        guard fchown(new.number, status.owner, status.group) == 0,
            fchmod(new.number, status.permissions) == 0
        else { throw .last("set the owner of", new.name) }
        let attributes = ExtendedAttributes(of: new)
        for (key, value) in try ExtendedAttributes(of: old).values() {
            // The kernel refuses a label that it does not know. That must not stop an update.
            try? attributes.set(value, for: key)
        }
    }
}

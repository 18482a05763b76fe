import CLinux
import Glibc

extension HostTree {
    /// Replaces the file at `path`, or makes it: a new file beside it is written, flushed and renamed over it, and
    /// the directory is flushed. Whoever looks, after a power cut too, sees the old content or the new. A boot loader that
    /// replays no journal may not: ``replaceBootFile(_:contents:staging:)`` is for what it reads.
    ///
    /// What the file has of owner, mode and extended attributes, the new one gets; a link at the end of `path` is
    /// followed. Directories above it are made.
    ///
    /// The corresponding C functions are `openat2`, `write`, `fsync` and `renameat`.
    public func replaceFile(_ path: String, contents: [UInt8], permissions: UInt32 = 0o644)
        throws(SystemError)
    {
        let path = try destination(path)
        let (directoryPath, name) = HostTree.split(path)
        let directory = try open(directoryPath, O_RDONLY | O_DIRECTORY)
        let temporary = HostTree.temporaryName(for: name)
        unlinkat(directory.number, temporary, 0)
        do throws(SystemError) {
            let file = try makeFile(
                directoryPath + "/" + temporary, like: path, contents, permissions: permissions)
            try file.flush()
            guard renameat(directory.number, temporary, directory.number, name) == 0 else {
                throw .last("write", shown(path))
            }
        } catch {
            unlinkat(directory.number, temporary, 0)
            throw error
        }
        try directory.flush()
    }

    /// Where the file that `path` names is: behind the link there, if there is one. The directories above it are made.
    func destination(_ path: String) throws(SystemError) -> String {
        let (directoryPath, name) = HostTree.split(path)
        try makeDirectories(directoryPath)
        let directory = try open(directoryPath, O_RDONLY | O_DIRECTORY)
        guard let target = HostTree.link(name, in: directory), target != path else { return path }
        // One link, within the tree; a chain is followed link by link, and a loop ends at the kernel's limit
        // for path lookups below.
        _ = try open(directoryPath + "/" + name, HostTree.pathOnly)
        return try destination(target.hasPrefix("/") ? target : directoryPath + "/" + target)
    }

    /// The name that a new file has before it takes the place of `name` in the same directory.
    static func temporaryName(for name: String) -> String { ".\(name).imgbased-new" }

    /// Makes a file at `path`, where none is, with what the one at `model` has of owner, mode and extended attributes, if it
    /// is there; else with `permissions`. It is not flushed.
    func makeFile(
        _ path: String, like model: String, _ contents: [UInt8], permissions: UInt32 = 0o644
    ) throws(SystemError) -> OpenFile {
        let file = try open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, permissions: permissions)
        // The mode asked for, whatever the umask.
        guard fchmod(file.number, permissions) == 0 else { throw .last("write", shown(model)) }
        if let old = try? open(model, O_RDONLY | O_NONBLOCK) {
            try HostTree.copyAttributes(from: old, to: file)
        }
        try file.write(contents)
        return file
    }

    /// Removes the file or link at `path`, if it is there; the directory is flushed.
    ///
    /// The corresponding C functions are `openat2` and `unlinkat`.
    public func removeFile(_ path: String) throws(SystemError) {
        let (directoryPath, name) = HostTree.split(path)
        let directory = try open(directoryPath, O_RDONLY | O_DIRECTORY)
        guard unlinkat(directory.number, name, 0) == 0 || errno == ENOENT else {
            throw .last("remove", shown(path))
        }
        try directory.flush()
    }

    /// Renames what is at `path` to `name` in the same directory, which is flushed.
    ///
    /// The corresponding C functions are `openat2` and `renameat`.
    public func rename(_ path: String, to name: String) throws(SystemError) {
        let (directoryPath, old) = HostTree.split(path)
        let directory = try open(directoryPath, O_RDONLY | O_DIRECTORY)
        guard renameat(directory.number, old, directory.number, name) == 0 else {
            throw .last("rename", shown(path))
        }
        try directory.flush()
    }

    /// Removes the directory at `path` and the files in it, if it is there; one with a directory in it is refused. The
    /// directory above is flushed.
    ///
    /// The corresponding C functions are `openat2` and `unlinkat`.
    public func removeDirectory(_ path: String) throws(SystemError) {
        let (parentPath, name) = HostTree.split(path)
        do throws(SystemError) {
            let directory = try open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            for file in try HostTree.rawNames(in: directory) {
                guard unlinkat(directory.number, file, 0) == 0 else { throw .last("empty", directory.name) }
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

    /// Where the link at `path` leads, as it says; `nil` where there is no link.
    ///
    /// The corresponding C function is `readlinkat`.
    public func link(at path: String) -> String? {
        let (directoryPath, name) = HostTree.split(path)
        guard let directory = try? open(directoryPath, O_RDONLY | O_DIRECTORY) else { return nil }
        return HostTree.link(name, in: directory)
    }

    /// Whether a directory is at `path`, or a link leads to one.
    public func isDirectory(_ path: String) -> Bool {
        (try? open(path, HostTree.pathOnly | O_DIRECTORY)) != nil
    }

    /// Makes the directory at `path`, and those above it, where they are missing.
    ///
    /// The corresponding C functions are `openat2` and `mkdirat`.
    public func makeDirectories(_ path: String) throws(SystemError) {
        var made = ""
        for component in path.split(separator: "/") {
            let parent = made.isEmpty ? "/" : made
            made += "/" + component
            if isDirectory(made) { continue }
            let directory = try open(parent, O_RDONLY | O_DIRECTORY)
            if mkdirat(directory.number, String(component), 0o755) == 0 {
                // Whatever the umask.
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

    static func link(_ name: String, in directory: borrowing OpenFile) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlinkat(directory.number, name, &buffer, buffer.count)
        return count > 0
            ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }

    private static func copyAttributes(
        from old: borrowing OpenFile, to new: borrowing OpenFile
    ) throws(SystemError) {
        let status = try old.status()
        guard status.kind == .file else { return }
        guard fchown(new.number, status.owner, status.group) == 0,
            fchmod(new.number, status.permissions) == 0
        else { throw .last("set the owner of", new.name) }
        var names = [CChar](repeating: 0, count: 65536)
        let length = flistxattr(old.number, &names, names.count)
        guard length > 0 else { return }
        for name in names[..<length].split(separator: 0) {
            let name = name + [0]
            var value = [UInt8](repeating: 0, count: 65536)
            let (number, target) = (old.number, new.number)
            name.withUnsafeBufferPointer { name in
                guard let name = name.baseAddress else { return }
                let size = fgetxattr(number, name, &value, value.count)
                // Best effort: a label this kernel does not know cannot be set and need not stop an update.
                if size >= 0 { _ = fsetxattr(target, name, value, size, 0) }
            }
        }
    }
}

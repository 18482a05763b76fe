import CLinux
import Glibc
import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedLinux

/// What is made gets a name of its own first, with all its content and attributes, and is then renamed: whoever looks sees
/// the old or the new. What an interrupted run left under that name, the next one replaces.
extension OpenDirectory {
    /// The name of what is being made. Short, so that it can stand in for the longest.
    public static let temporaryName = Array(".imgbased-new".utf8)

    /// The open directory at `path` from here, which no link and no other file system is on the way to.
    ///
    /// The corresponding system call is `openat2`.
    public func open(path: TreePath) throws(SystemError) -> OpenDirectory {
        if path == .root { return self }
        // Longer ones the kernel takes in pieces only (PATH_MAX).
        guard path.bytes.count >= Int(PATH_MAX) else {
            return try open(directory: Array(path.bytes.dropFirst()))
        }
        var directory = self
        for name in path.components { directory = try directory.open(directory: name) }
        return directory
    }

    /// Makes `name` a copy of the plain file `sourceName` in `source`, with `attributes`.
    public func copy(
        _ sourceName: [UInt8], in source: OpenDirectory, as name: [UInt8], _ attributes: NodeAttributes
    ) throws(SystemError) {
        let original = try source.open(file: sourceName)
        try replace(name) { () throws(SystemError) in
            let file = try makeFile()
            try file.copyContent(of: original)
            try set(attributes, of: OpenDirectory.temporaryName, file)
        }
    }

    /// Makes `name` a plain file with those `contents`.
    public func write(_ contents: [UInt8], as name: [UInt8], _ attributes: NodeAttributes) throws(SystemError)
    {
        try replace(name) { () throws(SystemError) in
            let file = try makeFile()
            try file.write(contents)
            try set(attributes, of: OpenDirectory.temporaryName, file)
        }
    }

    /// Makes `name` a link, device, pipe or socket.
    ///
    /// The corresponding C functions are `symlinkat`, `mknodat` and `renameat`.
    public func make(_ kind: NodeFacts.Kind, as name: [UInt8], _ attributes: NodeAttributes)
        throws(SystemError)
    {
        try replace(name) { () throws(SystemError) in
            let temporary = OpenDirectory.temporaryName
            let path = temporary.terminated
            let result: CInt
            switch kind {
            case .link(let target): result = symlinkat(target.terminated, number, path)
            case .characterDevice(let device):
                result = imgbased_make_node(number, path, S_IFCHR | 0o600, device)
            case .blockDevice(let device): result = imgbased_make_node(number, path, S_IFBLK | 0o600, device)
            case .pipe: result = imgbased_make_node(number, path, S_IFIFO | 0o600, 0)
            case .socket: result = imgbased_make_node(number, path, S_IFSOCK | 0o600, 0)
            case .file, .directory:
                throw SystemError("make", shown(name), reason: "it is not made this way")
            }
            guard result == 0 else { throw failure("make", name) }
            let isLink = if case .link = kind { true } else { false }
            try set(attributes, of: temporary, isLink: isLink)
        }
    }

    /// Makes `name` another name of the file `otherName` in `other`.
    ///
    /// The corresponding C functions are `linkat` and `renameat`.
    public func link(_ name: [UInt8], to otherName: [UInt8], in other: OpenDirectory) throws(SystemError) {
        let temporary = OpenDirectory.temporaryName
        try replace(name) { () throws(SystemError) in
            guard linkat(other.number, otherName.terminated, number, temporary.terminated, 0) == 0 else {
                throw failure("link", name)
            }
        }
        // Where both were names of one file already, renaming does nothing and says that it did (rename(2)).
        unlinkat(number, temporary.terminated, 0)
    }

    /// Makes the directory `name`, for nobody but root until it gets its attributes.
    ///
    /// The corresponding C function is `mkdirat`.
    public func makeDirectory(_ name: [UInt8]) throws(SystemError) {
        guard mkdirat(number, name.terminated, 0o700) == 0 else { throw failure("make directory", name) }
    }

    /// Removes `name`, and what is in it.
    ///
    /// The corresponding C function is `unlinkat`.
    public func remove(_ name: [UInt8], depth: Int = 0) throws(SystemError) {
        if unlinkat(number, name.terminated, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR else { throw failure("remove", name) }
        guard depth < TreeLimit.removalDepth else {
            throw SystemError(
                "remove", shown(name), reason: "it is deeper than \(TreeLimit.removalDepth) directories")
        }
        let directory = try open(directory: name)
        for entry in try directory.listing(limit: TreeLimit.nodes) {
            try directory.remove(entry, depth: depth + 1)
        }
        guard unlinkat(number, name.terminated, AT_REMOVEDIR) == 0 else { throw failure("remove", name) }
    }

    /// Gives `name`, which is of that `kind`, those attributes.
    ///
    /// The corresponding C functions are `fchownat`, `fchmodat`, `lsetxattr` and `utimensat`.
    public func set(_ attributes: NodeAttributes, of name: [UInt8], _ kind: NodeFacts.Kind)
        throws(SystemError)
    {
        let isLink = if case .link = kind { true } else { false }
        try set(attributes, of: name, isLink: isLink)
    }

    // MARK: How it is done

    private func replace(_ name: [UInt8], _ make: () throws(SystemError) -> Void) throws(SystemError) {
        let temporary = OpenDirectory.temporaryName
        // It may be a directory.
        try remove(temporary)
        try Replacement.put(
            temporary.terminated, at: name.terminated, in: number, shown: shown(name), make)
    }

    private func makeFile() throws(SystemError) -> OpenFile {
        let name = OpenDirectory.temporaryName
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        let file = imgbased_open_beneath(number, name.terminated, flags, 0o600)
        guard file >= 0 else { throw failure("write", name) }
        return OpenFile(owning: file, name: shown(name))
    }

    /// The attributes of the open `file`, which is `name`. A change of owner takes set-id bits and capabilities away, a
    /// change of permissions changes an ACL: in this order nothing is lost.
    private func set(
        _ attributes: NodeAttributes, of name: [UInt8], _ file: borrowing OpenFile
    ) throws(SystemError) {
        guard fchown(file.number, attributes.owner, attributes.group) == 0,
            fchmod(file.number, attributes.permissions) == 0
        else { throw failure("set the owner and mode of", name) }
        try extendedAttributes(of: name).replace(by: attributes.extended)
        var times = attributes.modified.times
        guard futimens(file.number, &times) == 0 else { throw failure("set the time of", name) }
    }

    private func set(_ attributes: NodeAttributes, of name: [UInt8], isLink: Bool) throws(SystemError) {
        let path = name.terminated
        guard fchownat(number, path, attributes.owner, attributes.group, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw failure("set the owner of", name)
        }
        guard isLink || fchmodat(number, path, attributes.permissions, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw failure("set the mode of", name)
        }
        try extendedAttributes(of: name).replace(by: attributes.extended)
        var times = attributes.modified.times
        guard utimensat(number, path, &times, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw failure("set the time of", name)
        }
    }
}

extension FileTime {
    /// As `utimensat` has it: the time of the last access stays (`UTIME_OMIT`).
    fileprivate var times: [timespec] {
        [
            timespec(tv_sec: 0, tv_nsec: 0x3FFF_FFFE),
            timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)),
        ]
    }
}

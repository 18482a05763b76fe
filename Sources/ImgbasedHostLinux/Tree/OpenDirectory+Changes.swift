import CLinux
import Glibc
import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedLinux

/// A new node, except a directory, is made whole under a temporary name and then renamed.
///
/// Readers see the old node or the new one. The next run replaces debris under the temporary name.
extension OpenDirectory {
    /// The temporary name of a new node. It is short, so that it fits even if the final name is the longest.
    public static let temporaryName = Array(".imgbased-new".utf8)

    /// Opens the directory at `path` below this one. The way must cross no link and no other file system.
    ///
    /// The corresponding system call is `openat2`.
    public func open(path: TreePath) throws(SystemError) -> OpenDirectory {
        if path == .root { return self }
        // The kernel refuses longer paths (PATH_MAX): open those name by name.
        guard path.bytes.count >= Int(PATH_MAX) else {
            return try open(directory: Array(path.bytes.dropFirst()))
        }
        var directory = self
        for name in path.components { directory = try directory.open(directory: name) }
        return directory
    }

    /// Makes `name` a copy of the plain file `sourceName` in `source`, with `attributes`.
    ///
    /// If `isFlushed`, the copy is on the disk before it takes the place of another file.
    public func copy(
        _ sourceName: [UInt8], in source: OpenDirectory, as name: [UInt8], _ attributes: NodeAttributes,
        isFlushed: Bool = false
    ) throws(SystemError) {
        let original = try source.open(file: sourceName)
        try replace(name) { () throws(SystemError) in
            let file = try makeFile()
            try file.copyContent(of: original)
            try set(attributes, of: OpenDirectory.temporaryName, file)
            // A file system that has no such flags keeps the content all the same.
            _ = imgbased_copy_flags(original.number, file.number)
            if isFlushed { try file.flush() }
        }
    }

    /// Makes `name` a plain file with `contents` and `attributes`.
    public func write(_ contents: [UInt8], as name: [UInt8], _ attributes: NodeAttributes) throws(SystemError)
    {
        try replace(name) { () throws(SystemError) in
            let file = try makeFile()
            try file.write(contents)
            try set(attributes, of: OpenDirectory.temporaryName, file)
        }
    }

    /// Makes `name` a link, device, pipe or socket with `attributes`.
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
        // If both are names of one file already, rename(2) succeeds and keeps the temporary name.
        unlinkat(number, temporary.terminated, 0)
    }

    /// Makes the directory `name`, open only to root until it gets its attributes.
    ///
    /// The corresponding C function is `mkdirat`.
    public func makeDirectory(_ name: [UInt8]) throws(SystemError) {
        guard mkdirat(number, name.terminated, 0o700) == 0 else { throw failure("make directory", name) }
    }

    /// Removes `name` and its content. A missing `name` is no error.
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

    /// Sets the attributes of `name`, which is a node of the given kind.
    ///
    /// The corresponding C functions are `fchownat`, `fchmodat`, `lsetxattr` and `utimensat`.
    public func set(_ attributes: NodeAttributes, of name: [UInt8], _ kind: NodeFacts.Kind)
        throws(SystemError)
    {
        let isLink = if case .link = kind { true } else { false }
        try set(attributes, of: name, isLink: isLink)
    }

    // MARK: Implementation

    private func replace(_ name: [UInt8], _ make: () throws(SystemError) -> Void) throws(SystemError) {
        let temporary = OpenDirectory.temporaryName
        // Debris may be a directory.
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

    /// Sets the attributes of the open `file`, whose name is `name`.
    ///
    /// A new owner clears set-id bits and capabilities; new permissions change an ACL. This order keeps all.
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
    /// The argument of `utimensat`. The time of the last access stays (`UTIME_OMIT`).
    fileprivate var times: [timespec] {
        [
            timespec(tv_sec: 0, tv_nsec: 0x3FFF_FFFE),
            timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)),
        ]
    }
}

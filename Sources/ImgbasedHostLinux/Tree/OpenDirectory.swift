import CLinux
import Glibc
import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedLinux

/// An open directory of an untrusted tree.
///
/// Methods take names in the directory, as bytes. They follow no link, enter no other file system, and open
/// only plain files and directories.
public final class OpenDirectory {
    /// `O_NOATIME`, which Glibc's module hides.
    private static let leavesAccessTime: CInt = 0o1_000_000

    /// The file descriptor.
    let number: CInt
    /// The path of the directory in messages.
    public let shown: String
    /// The device number of the file system.
    let device: UInt64
    /// The start of paths into the directory, for calls that take only paths.
    private let place: [CChar]

    /// Takes over the open directory `number`.
    private init(owning number: CInt, shown: String) throws(SystemError) {
        self.number = number
        self.shown = shown
        place = Array("/proc/self/fd/\(number)/".utf8CString.dropLast())
        var node = imgbased_node()
        guard imgbased_look(number, "", &node) == 0 else {
            let error = SystemError.last("look at", shown)
            close(number)
            throw error
        }
        device = node.device
    }

    /// Takes over an open directory.
    convenience init(_ file: consuming OpenFile) throws(SystemError) {
        let number = reopened(file)
        guard number >= 0 else { throw .last("open", file.name) }
        try self.init(owning: number, shown: file.name)
    }

    deinit {
        close(number)
    }

    /// The names in the directory, without `.` and `..`; more than `limit` are an error.
    ///
    /// The corresponding C functions are `fdopendir` and `readdir`.
    public func listing(limit: Int) throws(SystemError) -> [[UInt8]] {
        let copy = imgbased_open_beneath(number, ".", O_RDONLY | O_DIRECTORY, 0)
        guard copy >= 0 else { throw .last("read", shown) }
        return try DirectoryListing.bytes(owning: copy, shown: shown, limit: limit)
    }

    /// The facts of the node `name`; `nil` if it is missing.
    ///
    /// A file system mounted there is not accessed: without its server or program, access fails or hangs.
    ///
    /// The corresponding C functions are `openat2` with `RESOLVE_NO_XDEV`, which reports a mount before it
    /// enters the mount, `statx`, `readlinkat`, `llistxattr` and `lgetxattr`.
    public func look(at name: [UInt8]) throws(SystemError) -> NodeFacts? {
        do throws(SystemError) {
            return try facts(at: name)
        } catch {
            // A node removed during the look counts as missing.
            if error.isMissing { return nil }
            throw error
        }
    }

    /// The stamp of the node `name`; `nil` if it is missing, or if something else is mounted there.
    ///
    /// The corresponding C functions are `openat2` and `statx`, as for `look`.
    public func stamp(at name: [UInt8]) throws(SystemError) -> NodeStamp? {
        do throws(SystemError) {
            guard let node = try node(at: name), !node.is_mount_point, node.device == device else {
                return nil
            }
            return NodeStamp(
                inode: node.inode, mode: node.mode, size: node.size,
                modified: FileTime(
                    seconds: node.modified_seconds, nanoseconds: node.modified_nanoseconds),
                changed: FileTime(seconds: node.changed_seconds, nanoseconds: node.changed_nanoseconds))
        } catch {
            if error.isMissing { return nil }
            throw error
        }
    }

    /// What statx(2) tells of `name`; `nil` if something else is mounted there, which is not touched.
    private func node(at name: [UInt8]) throws(SystemError) -> imgbased_node? {
        let place = imgbased_open_beneath(number, name.terminated, ConfinedTree.pathOnly | O_NOFOLLOW, 0)
        guard place >= 0 else {
            if errno == EXDEV { return nil }
            throw .last("look at", shown(name))
        }
        defer { close(place) }
        var node = imgbased_node()
        guard imgbased_look(place, "", &node) == 0 else { throw .last("look at", shown(name)) }
        return node
    }

    private func facts(at name: [UInt8]) throws(SystemError) -> NodeFacts {
        guard let node = try node(at: name) else { return .mountPoint }
        let isMountPoint = node.is_mount_point || node.device != device
        let attributes = NodeAttributes(
            owner: node.owner, group: node.group, permissions: node.mode & 0o7777,
            modified: FileTime(seconds: node.modified_seconds, nanoseconds: node.modified_nanoseconds),
            extended: isMountPoint ? [:] : try extendedAttributes(of: name).values())
        return NodeFacts(
            try kind(of: node, name), attributes, allocated: node.allocated,
            identity: NodeFacts.Identity(device: node.device, inode: node.inode), links: node.links,
            isMountPoint: isMountPoint, isImmutable: node.is_immutable)
    }

    private func kind(of node: imgbased_node, _ name: [UInt8]) throws(SystemError) -> NodeFacts.Kind {
        switch node.mode & S_IFMT {
        case S_IFREG: return .file(size: node.size)
        case S_IFDIR: return .directory
        case S_IFLNK: return .link(try target(of: name))
        case S_IFCHR: return .characterDevice(node.represented)
        case S_IFBLK: return .blockDevice(node.represented)
        case S_IFIFO: return .pipe
        case S_IFSOCK: return .socket
        default: throw SystemError("look at", shown(name), reason: "it is of no known kind")
        }
    }

    /// The target of the link `name`.
    private func target(of name: [UInt8]) throws(SystemError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlinkat(number, name.terminated, &buffer, buffer.count)
        guard count >= 0 else { throw .last("read link", shown(name)) }
        return buffer[..<count].map(UInt8.init(bitPattern:))
    }

    /// Opens the directory `name`.
    ///
    /// The corresponding system call is `openat2`: beneath this directory, without links, in one file system.
    public func open(directory name: [UInt8]) throws(SystemError) -> OpenDirectory {
        let number = imgbased_open_beneath(
            self.number, name.terminated, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
        guard number >= 0 else { throw failure("open", name) }
        return try OpenDirectory(owning: number, shown: shown(name))
    }

    /// Opens the plain file `name` for reading.
    ///
    /// The corresponding system call is `openat2`: beneath this directory, without links, in one file system.
    public func open(file name: [UInt8]) throws(SystemError) -> OpenFile {
        let flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW
        let path = name.terminated
        var number = imgbased_open_beneath(self.number, path, flags | OpenDirectory.leavesAccessTime, 0)
        // Only the owner and root may use `O_NOATIME`.
        if number < 0, errno == EPERM { number = imgbased_open_beneath(self.number, path, flags, 0) }
        guard number >= 0 else { throw failure("open", name) }
        let file = OpenFile(owning: number, name: shown(name))
        guard try file.status().kind == .file else {
            throw SystemError("read", shown(name), reason: "it is not a plain file")
        }
        return file
    }

    // MARK: Names

    /// The path of `name` itself, even if it is a link, for calls that take only paths.
    func path(of name: [UInt8]) -> [CChar] {
        place + name.terminated
    }

    /// The extended attributes of `name`; if it is a link, its own.
    func extendedAttributes(of name: [UInt8]) -> ExtendedAttributes {
        ExtendedAttributes(path: path(of: name), shown: shown(name))
    }

    /// The path of `name` in messages.
    func shown(_ name: [UInt8]) -> String {
        shown + "/" + String(decoding: name, as: UTF8.self)
    }

    /// The error of the call on `name` that just failed.
    func failure(_ operation: String, _ name: [UInt8]) -> SystemError {
        switch errno {
        case EXDEV:
            SystemError(operation, shown(name), errno: EXDEV, reason: "something else is mounted there")
        case ELOOP: SystemError(operation, shown(name), errno: ELOOP, reason: "it is a link")
        default: .lookup(operation, shown(name))
        }
    }
}

extension [UInt8] {
    /// The name as a C string.
    var terminated: [CChar] {
        [CChar](unsafeUninitializedCapacity: count + 1) { buffer, filled in
            for index in 0..<count { buffer[index] = CChar(bitPattern: self[index]) }
            buffer[count] = 0
            filled = count + 1
        }
    }
}

/// A second descriptor of the open directory `file`; -1 on failure.
private func reopened(_ file: borrowing OpenFile) -> CInt {
    imgbased_open_beneath(file.number, ".", O_RDONLY | O_DIRECTORY, 0)
}

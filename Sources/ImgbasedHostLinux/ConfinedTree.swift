import CLinux
import Glibc
public import ImgbasedCore
import ImgbasedHostCore
public import ImgbasedLinux

/// A tree of files that nothing leads out of: no link and no `..`. It may be that of another system, which is
/// not trusted.
public struct ConfinedTree: ~Copyable {
    /// `O_PATH`, which Glibc's module hides: opens the place, not what is there.
    static let pathOnly = imgbased_path_only

    let root: OpenFile
    private let name: String

    /// The tree beneath the open directory `root`; `name` is what messages call it.
    public init(root: consuming OpenFile, name: String) {
        self.root = root
        self.name = name
    }

    /// The tree of the running system, from `path`.
    public init(_ path: String) throws(SystemError) {
        self.init(
            root: try OpenFile(opening: path, O_RDONLY | O_DIRECTORY), name: path == "/" ? "" : path)
    }

    /// Where another program reaches the tree, as long as this one has it.
    ///
    /// The corresponding C function is `getpid`; the link is proc(5)'s.
    public var processPath: String { "/proc/\(getpid())/fd/\(root.number)" }

    /// Opens `path`, absolute within the tree.
    ///
    /// The corresponding system call is `openat2` with `RESOLVE_IN_ROOT`.
    public func open(
        _ path: String, _ flags: CInt, permissions: UInt32 = 0
    ) throws(SystemError) -> OpenFile {
        let number = imgbased_open_in_root(root.number, path, flags, permissions)
        guard number >= 0 else { throw .lookup("open", shown(path)) }
        return OpenFile(owning: number, name: shown(path))
    }

    /// The same for reading a plain file; `nil` where there is none. Anything else there, a device or a pipe,
    /// is refused before it is opened, since opening alone can have effects.
    public func openFile(_ path: String) throws(SystemError) -> OpenFile? {
        let place = imgbased_open_in_root(root.number, path, ConfinedTree.pathOnly, 0)
        guard place >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .lookup("open", shown(path))
        }
        let status = try OpenFile(owning: place, name: shown(path)).status()
        guard status.kind == .file else {
            throw SystemError("read", shown(path), reason: "it is not a plain file")
        }
        return try open(path, O_RDONLY | O_NONBLOCK)
    }

    /// The content of a plain file no longer than `limit`; `nil` where there is none.
    public func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8]? {
        guard let file = try openFile(path) else { return nil }
        return try file.readAll(limit: limit)
    }

    /// The names in a directory; none where there is no such directory, and more than `limit` are an error.
    ///
    /// The corresponding C functions are `fdopendir` and `readdir`.
    public func names(in path: String, limit: Int = 100_000) throws(SystemError) -> [String] {
        let number = imgbased_open_in_root(root.number, path, O_RDONLY | O_DIRECTORY, 0)
        guard number >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw .lookup("open", shown(path))
        }
        return try DirectoryListing.bytes(owning: number, shown: shown(path), limit: limit)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// How many bytes root can still write to its file system.
    ///
    /// The corresponding C function is `fstatvfs`.
    public var free: Bytes {
        var status = statvfs()
        guard fstatvfs(root.number, &status) == 0 else { return Bytes(0) }
        return Bytes(UInt64(status.f_bfree) * UInt64(status.f_frsize))
    }

    /// What the messages call `path`.
    func shown(_ path: String) -> String {
        name + path
    }
}

import CLinux
import Glibc
public import ImgbasedCore
import ImgbasedHostCore
public import ImgbasedLinux

/// A tree of files that no link and no `..` leads out of.
///
/// It may belong to another system, which is not trusted.
public struct ConfinedTree: ~Copyable {
    /// `O_PATH`, which Glibc's module hides: opens the path, but not the file there.
    static let pathOnly = imgbased_path_only

    let root: OpenFile
    private let name: String

    /// The tree below the open directory `root`; messages show `name` before each path.
    public init(root: consuming OpenFile, name: String) {
        self.root = root
        self.name = name
    }

    /// The tree of the running system below `path`.
    public init(_ path: String) throws(SystemError) {
        self.init(
            root: try OpenFile(opening: path, O_RDONLY | O_DIRECTORY), name: path == "/" ? "" : path)
    }

    /// The path by which other programs reach the tree while this program has it open.
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

    /// Opens a plain file for reading; `nil` if it is missing.
    ///
    /// A device, a pipe or the like is refused before it is opened, since opening alone can have effects.
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

    /// The content of a plain file no longer than `limit`; `nil` if it is missing.
    public func read(_ path: String, limit: Int) throws(SystemError) -> [UInt8]? {
        guard let file = try openFile(path) else { return nil }
        return try file.readAll(limit: limit)
    }

    /// The names in a directory; none if it is missing.
    ///
    /// More than `limit` names are an error.
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

    /// The bytes that root can still write to its file system; 0 if the kernel does not say.
    ///
    /// The corresponding C function is `fstatvfs`.
    public var free: Bytes {
        var status = statvfs()
        guard fstatvfs(root.number, &status) == 0 else { return Bytes(0) }
        return Bytes(UInt64(status.f_bfree) * UInt64(status.f_frsize))
    }

    /// The text that messages show for `path`.
    func shown(_ path: String) -> String {
        name + path
    }
}

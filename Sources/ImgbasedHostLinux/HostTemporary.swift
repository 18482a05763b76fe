import CLinux
import Glibc
public import ImgbasedCore
import ImgbasedHostCore
public import ImgbasedLinux

/// Files that are only there while this program needs them, in a directory that is on a disk.
public enum HostTemporary {
    /// Where they are.
    public static let directory = "/var/tmp"

    /// `O_TMPFILE`, a macro with a value that Glibc's module hides.
    private static let unnamed: CInt = 0o20_200_000

    /// A file without a name, gone when it is no longer open, whatever ends this program.
    ///
    /// The corresponding C function is `open` with `O_TMPFILE`; where the file system has none such, `mkstemp` and
    /// `unlink`.
    public static func file() throws(SystemError) -> OpenFile {
        let number = imgbased_open(directory, O_RDWR | O_CLOEXEC | unnamed, 0o600)
        if number >= 0 { return OpenFile(owning: number, name: directory) }
        var template = Array((directory + "/imgbased-XXXXXX").utf8CString)
        let named = mkstemp(&template)
        guard named >= 0 else { throw .last("make a file in", directory) }
        _ = fcntl(named, F_SETFD, FD_CLOEXEC)
        unlink(template)
        return OpenFile(owning: named, name: directory)
    }

    /// Such a file with `bytes` in it, to be read from its beginning.
    public static func file(with bytes: [UInt8]) throws(SystemError) -> OpenFile {
        let file = try file()
        try file.write(bytes)
        try file.rewind()
        return file
    }

    /// Waits until all that was written to the file system they are on is on the disk.
    public static func flush() throws(SystemError) {
        try OpenFile(opening: directory, O_RDONLY | O_DIRECTORY).flushFileSystem()
    }

    /// What can still be written there.
    public static var free: Bytes { HostSystem.free(directory) ?? Bytes(0) }
}

/// A directory for this program alone, removed when it goes out of use. What an interrupted run left of such goes with
/// ``removeStale()``, and when the next is made.
public final class HostTemporaryDirectory {
    /// Where it is.
    public let path: String
    private let lock: OpenFile?

    private static let prefix = "imgbased-image-"

    /// Makes one.
    public init() throws(SystemError) {
        HostTemporaryDirectory.removeStale()
        var made = try HostTemporaryDirectory.make()
        var lock = try HostTemporaryDirectory.lock(made)
        while lock == nil {
            made = try HostTemporaryDirectory.make()
            lock = try HostTemporaryDirectory.lock(made)
        }
        path = made
        self.lock = lock
    }

    deinit {
        HostTemporaryDirectory.remove(path)
    }

    /// Makes an empty one, which nobody has locked.
    ///
    /// The corresponding C function is `mkdtemp`.
    private static func make() throws(SystemError) -> String {
        // It puts a name that is free in place of the six X, and takes nothing else (mkdtemp(3)).
        var template = Array("\(HostTemporary.directory)/\(prefix)XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw .last("make a directory in", HostTemporary.directory)
        }
        return String(cString: made)
    }

    /// Locks one; `nil` where another run, for which it was an interrupted one's, has removed it before that.
    ///
    /// The corresponding C function is `flock`.
    private static func lock(_ path: String) throws(SystemError) -> OpenFile? {
        do throws(SystemError) {
            let directory = try OpenFile(opening: path, O_RDONLY | O_DIRECTORY)
            while flock(directory.number, LOCK_EX) != 0, errno == EINTR { continue }
            guard HostSystem.exists(path) else { return nil }
            return consume directory
        } catch  where error.isMissing {
            return nil
        }
    }

    /// Removes what interrupted runs have left: those of this user's that nobody has locked.
    public static func removeStale() {
        // If the directory cannot be read, the one who makes a file there is told.
        let names = (try? DirectoryListing.names(in: HostTemporary.directory)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let path = HostTemporary.directory + "/" + name
            guard let directory = try? OpenFile(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
                let status = try? directory.status(), status.owner == geteuid(),
                flock(directory.number, LOCK_EX | LOCK_NB) == 0
            else { continue }
            remove(path)
        }
    }

    /// Removes a directory with all that is in it; links are not followed.
    ///
    /// The corresponding C functions are `openat`, `unlinkat` and `rmdir`.
    private static func remove(_ path: String) {
        guard let directory = try? OpenFile(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else {
            return
        }
        // What stays is tried again when the next such directory is made.
        try? ConfinedTree.removeContents(directory)
        rmdir(path)
    }
}

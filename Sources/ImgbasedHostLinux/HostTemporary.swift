import CLinux
import Glibc
public import ImgbasedCore
import ImgbasedHostCore
public import ImgbasedLinux

/// Files that exist only while this program needs them, in a directory on a disk.
public enum HostTemporary {
    /// The directory of the files.
    public static let directory = "/var/tmp"

    /// `O_TMPFILE`, a macro with a value that Glibc's module hides.
    private static let unnamed: CInt = 0o20_200_000

    /// A file without a name, gone when it is closed, whatever ends this program.
    ///
    /// The corresponding C function is `open` with `O_TMPFILE`; `mkstemp` and `unlink` if the file system
    /// does not support that.
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

    /// A file without a name that holds `bytes`, to be read from its beginning.
    public static func file(with bytes: [UInt8]) throws(SystemError) -> OpenFile {
        let file = try file()
        try file.write(bytes)
        try file.rewind()
        return file
    }

    /// Waits until everything written to the file system of these files is on the disk.
    public static func flush() throws(SystemError) {
        try OpenFile(opening: directory, O_RDONLY | O_DIRECTORY).flushFileSystem()
    }

    /// The bytes that root can still write there; 0 if unknown.
    public static var free: Bytes { HostSystem.free(directory) ?? Bytes(0) }
}

/// A directory for this program alone, removed when it goes out of use.
///
/// ``removeStale()`` removes the debris of such directories. A new directory calls it first.
public final class HostTemporaryDirectory {
    /// The path of the directory.
    public let path: String
    private let lock: OpenFile?

    private static let prefix = "imgbased-image-"

    /// Makes the directory, after the removal of debris.
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

    /// Makes an empty directory without a lock.
    ///
    /// The corresponding C function is `mkdtemp`.
    private static func make() throws(SystemError) -> String {
        // mkdtemp(3) puts a free name in place of the six X, and accepts nothing else.
        var template = Array("\(HostTemporary.directory)/\(prefix)XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw .last("make a directory in", HostTemporary.directory)
        }
        return String(cString: made)
    }

    /// Locks the directory at `path`; `nil` if another run took it for debris and removed it before.
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

    /// Removes debris: the directories of this user that no program has locked.
    public static func removeStale() {
        // If the directory cannot be read, the caller that makes a file there gets the error.
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

    /// Removes a directory with its content; links are not followed.
    ///
    /// The corresponding C functions are `openat`, `unlinkat` and `rmdir`.
    private static func remove(_ path: String) {
        guard let directory = try? OpenFile(opening: path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) else {
            return
        }
        // The next ``removeStale()`` tries again to remove the rest.
        try? ConfinedTree.removeContents(directory)
        rmdir(path)
    }
}

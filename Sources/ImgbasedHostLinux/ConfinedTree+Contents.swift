import CLinux
import Glibc
public import ImgbasedLinux

extension ConfinedTree {
    /// Removes everything in the open `directory`.
    ///
    /// The corresponding C function is `unlinkat`.
    ///
    /// - Throws: the first failure, after everything else was tried.
    static func removeContents(_ directory: borrowing OpenFile) throws(SystemError) {
        var failure: SystemError?
        for name in try directory.names() where unlinkat(directory.number, name.terminated, 0) != 0 {
            do throws(SystemError) {
                try removeDirectory(name, in: directory)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    private static func removeDirectory(
        _ name: [UInt8], in parent: borrowing OpenFile
    ) throws(SystemError) {
        let shown = parent.name + "/" + String(decoding: name, as: UTF8.self)
        guard errno == EISDIR else { throw .last("remove", shown) }
        let number = imgbased_open_directory_at(parent.number, name.terminated)
        guard number >= 0 else { throw .last("open", shown) }
        try removeContents(OpenFile(owning: number, name: shown))
        guard unlinkat(parent.number, name.terminated, AT_REMOVEDIR) == 0 else {
            throw .last("remove", shown)
        }
    }

    /// Moves the content of the directory `name` of the root into the root itself.
    ///
    /// The root also gets the directory's owner, mode, times and extended attributes.
    ///
    /// The corresponding C functions are `renameat`, `fchown`, `fchmod`, `fsetxattr` and `futimens`.
    public func lift(_ name: String) throws(SystemError) {
        let from = try open("/" + name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let to = try open("/", O_RDONLY | O_DIRECTORY)
        var status = stat()
        guard fstat(from.number, &status) == 0 else { throw .last("look at", from.name) }
        for entry in try from.names() {
            guard renameat(from.number, entry.terminated, to.number, entry.terminated) == 0 else {
                throw .last("move to the root", String(decoding: entry, as: UTF8.self))
            }
        }
        guard unlinkat(to.number, name, AT_REMOVEDIR) == 0 else { throw .last("remove", from.name) }
        guard fchown(to.number, status.st_uid, status.st_gid) == 0,
            fchmod(to.number, status.st_mode & 0o7777) == 0
        else { throw .last("set the owner of", to.name) }
        let attributes = ExtendedAttributes(of: to)
        for (key, value) in try ExtendedAttributes(of: from).values() { try attributes.set(value, for: key) }
        var times = [status.st_atim, status.st_mtim]
        guard futimens(to.number, &times) == 0 else { throw .last("set the times of", to.name) }
    }
}

extension OpenFile {
    /// The names in this open directory, byte for byte.
    func names() throws(SystemError) -> [[UInt8]] {
        // A new descriptor has its own position in the directory.
        let copy = imgbased_open_directory_at(number, ".")
        guard copy >= 0 else { throw .last("read", name) }
        return try DirectoryListing.bytes(owning: copy, shown: name)
    }
}

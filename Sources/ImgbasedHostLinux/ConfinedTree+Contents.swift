import CLinux
import Glibc
public import ImgbasedLinux

extension ConfinedTree {
    /// Removes everything in the open `directory`, as far as that can be.
    static func removeContents(_ directory: borrowing OpenFile) {
        guard let names = try? rawNames(in: directory) else { return }
        for name in names where unlinkat(directory.number, name, 0) != 0 {
            let number = openDirectory(directory.number, name)
            guard number >= 0 else { continue }
            removeContents(OpenFile(owning: number, name: directory.name))
            unlinkat(directory.number, name, AT_REMOVEDIR)
        }
    }

    private static func openDirectory(_ directory: CInt, _ name: [CChar]) -> CInt {
        name.withUnsafeBufferPointer { name in
            name.baseAddress.map { imgbased_open_directory_at(directory, $0) } ?? -1
        }
    }

    /// The names in the open `directory`, byte for byte and ended by a zero.
    ///
    /// The corresponding C functions are `fdopendir` and `readdir`.
    static func rawNames(in directory: borrowing OpenFile) throws(SystemError) -> [[CChar]] {
        let copy = imgbased_open_directory_at(directory.number, ".")
        guard copy >= 0, let stream = fdopendir(copy) else { throw .last("read", directory.name) }
        defer { closedir(stream) }
        var names: [[CChar]] = []
        while let name = imgbased_next_name(stream) {
            names.append(Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)))
        }
        guard errno == 0 else { throw .last("read", directory.name) }
        return names
    }

    /// Makes what is in the directory `name` of the root that of the root itself, the directory's own owner, mode, times
    /// and extended attributes as well.
    ///
    /// The corresponding C functions are `renameat`, `fchown`, `fchmod`, `fsetxattr` and `futimens`.
    public func lift(_ name: String) throws(SystemError) {
        let from = try open("/" + name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let to = try open("/", O_RDONLY | O_DIRECTORY)
        var status = stat()
        guard fstat(from.number, &status) == 0 else { throw .last("look at", from.name) }
        for entry in try ConfinedTree.rawNames(in: from) {
            guard renameat(from.number, entry, to.number, entry) == 0 else {
                throw .last(
                    "move to the root",
                    String(decoding: entry.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
        }
        guard unlinkat(to.number, name, AT_REMOVEDIR) == 0 else { throw .last("remove", from.name) }
        guard fchown(to.number, status.st_uid, status.st_gid) == 0,
            fchmod(to.number, status.st_mode & 0o7777) == 0
        else { throw .last("set the owner of", to.name) }
        try ConfinedTree.copyExtendedAttributes(from: from, to: to)
        var times = [status.st_atim, status.st_mtim]
        guard futimens(to.number, &times) == 0 else { throw .last("set the times of", to.name) }
    }

    private static func copyExtendedAttributes(
        from old: borrowing OpenFile, to new: borrowing OpenFile
    ) throws(SystemError) {
        var names = [CChar](repeating: 0, count: 65536)
        let length = flistxattr(old.number, &names, names.count)
        if length < 0, errno == EOPNOTSUPP { return }
        guard length >= 0 else { throw .last("read the attributes of", old.name) }
        for name in names[..<length].split(separator: 0) {
            let name = Array(name) + [0]
            var value = [UInt8](repeating: 0, count: 65536)
            let size = fgetxattr(old.number, name, &value, value.count)
            guard size >= 0, fsetxattr(new.number, name, value, size, 0) == 0 else {
                throw .last("set an attribute of", new.name)
            }
        }
    }
}

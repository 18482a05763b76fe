import CLinux
import Glibc
public import ImgbasedLinux

/// Directories whose files a boot loader reads, made and removed as a whole.
extension ConfinedTree {
    /// Makes a directory at the unused `path`, with the files that `fill` makes in `place`, and flushes.
    ///
    /// With a journal, the directory is made in the directory `staging`, and gets its name when all of it is
    /// on the disk. On FAT, no directory is renamed: a power cut can leave both names for the same clusters.
    ///
    /// The corresponding C functions are `mkdirat`, `fsync`, `renameat2` and those of ``HostFlush``.
    public func makeBootDirectory(
        _ path: String, staging: String, _ fill: (_ place: String) throws(SystemError) -> Void
    ) throws(SystemError) {
        let (parentPath, name) = ConfinedTree.split(path)
        let stage = try openStaging(staging)
        try empty(staging, stage, for: name)
        let kind = try HostFlush.Kind(of: stage)
        let place = kind == .fat ? path : staging + "/" + name
        do throws(SystemError) {
            try makeDirectories(place)
            let directory = try open(place, O_RDONLY | O_DIRECTORY)
            try fill(place)
            // On FAT, the directory holds the places of its files.
            try directory.flush()
            try HostFlush.fileSystem(of: stage)
            if kind == .fat { return }
            let parent = try open(parentPath, O_RDONLY | O_DIRECTORY)
            guard imgbased_rename_new(stage.number, name, parent.number, name) == 0 else {
                throw .last("make directory", shown(path))
            }
        } catch {
            try? removeBootDirectory(place, staging: staging)
            throw error
        }
        try HostFlush.fileSystem(of: stage)
    }

    /// Removes the file at `path`, or the directory and its files, if any.
    ///
    /// A directory that contains a directory is refused. Earlier writes reach the disk first.
    ///
    /// With a journal, `path` is moved to the directory `staging` first, so that no reader takes a
    /// half-removed directory for a whole one.
    ///
    /// The corresponding C functions are `renameat`, `unlinkat` and those of ``HostFlush``.
    public func removeBootDirectory(_ path: String, staging: String) throws(SystemError) {
        let (parentPath, name) = ConfinedTree.split(path)
        guard try isDirectory(parentPath) else { return }
        let parent = try open(parentPath, O_RDONLY | O_DIRECTORY)
        guard isThere(name, in: parent) else { return }
        try HostFlush.fileSystem(of: parent)
        if try HostFlush.Kind(of: parent) == .fat {
            try removeTreeOnFAT(path, in: parent)
        } else if parentPath == staging {
            // This also removes a directory in it; otherwise, every run would fail here.
            try empty(staging, openStaging(staging), for: name)
        } else {
            let stage = try openStaging(staging)
            try empty(staging, stage, for: name)
            guard renameat(parent.number, name, stage.number, name) == 0 else {
                throw .last("remove", shown(path))
            }
            try HostFlush.fileSystem(of: parent)
            try removeTree(staging + "/" + name, name, in: stage)
        }
        try HostFlush.fileSystem(of: parent)
    }

    /// Removes debris in the directory `path`, so that nothing there has the name `needed`.
    ///
    /// Other debris that cannot be removed does no harm, and stays.
    func empty(
        _ path: String, _ directory: borrowing OpenFile, for needed: String
    ) throws(SystemError) {
        if try HostFlush.Kind(of: directory) == .fat {
            for name in try names(in: path) { try removeTreeOnFAT(path + "/" + name, in: directory) }
            return
        }
        do throws(SystemError) {
            try ConfinedTree.removeContents(directory)
        } catch {
            if isThere(needed, in: directory) { throw error }
        }
    }

    private func isThere(_ name: String, in directory: borrowing OpenFile) -> Bool {
        var status = stat()
        return fstatat(directory.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT
    }

    /// Opens the directory `staging`, and makes it if it is missing.
    ///
    /// Its content gets removed, so it must not be a link to another place.
    func openStaging(_ staging: String) throws(SystemError) -> OpenFile {
        if try link(at: staging) != nil {
            throw SystemError("use", shown(staging), reason: "it is a link; remove it")
        }
        try makeDirectories(staging)
        return try open(staging, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// Removes a directory with the files in it, or a file.
    private func removeTree(_ path: String, _ name: String, in parent: borrowing OpenFile) throws(SystemError)
    {
        guard try ConfinedTree.link(name, in: parent) == nil, try isDirectory(path) else {
            guard unlinkat(parent.number, name, 0) == 0 else { throw .last("remove", shown(path)) }
            return
        }
        let directory = try open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        for file in try directory.names() {
            guard unlinkat(directory.number, file.terminated, 0) == 0 else {
                throw .last("empty", shown(path))
            }
        }
        guard unlinkat(parent.number, name, AT_REMOVEDIR) == 0 else { throw .last("remove", shown(path)) }
    }

    /// Does the same on FAT, where clusters are freed only after the disk has lost their name.
    private func removeTreeOnFAT(_ path: String, in parent: borrowing OpenFile) throws(SystemError) {
        guard try isDirectory(path) else { return try removeOnFAT(path, in: parent) }
        let directory = try open(path, O_RDONLY | O_DIRECTORY)
        for file in try names(in: path) { try removeOnFAT(path + "/" + file, in: directory) }
        guard unlinkat(parent.number, ConfinedTree.split(path).name, AT_REMOVEDIR) == 0 else {
            throw .last("remove", shown(path))
        }
        try parent.flush()
        _ = consume directory
        try HostFlush.fileSystem(of: parent)
    }
}

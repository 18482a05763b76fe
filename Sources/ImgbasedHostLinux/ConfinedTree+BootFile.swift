import CLinux
import Glibc
public import ImgbasedLinux

/// Files that a boot loader reads.
///
/// A boot loader replays no journal and repairs nothing. It finds the result of each single write: after
/// each, that is the old file or the new one.
///
/// The rules come from an examination of every state that a power cut can leave, with the writes between two
/// flushes in any order and torn at 512 bytes.
extension ConfinedTree {
    /// The number of bytes that a disk writes whole or not at all.
    static let sectorSize = 512

    /// Replaces or makes the file at `path`.
    ///
    /// Earlier writes to its file system reach the disk first, and the file before this returns.
    ///
    /// A change within one sector is written in place. Otherwise, with a journal, a new file is made in the
    /// directory `staging`, and exchanges names with the old one; the file system is flushed before and
    /// after. No boot loader looks into `staging`, so no directory that it reads gains or loses a name. On
    /// FAT, the new file is renamed over the old one, in an order that frees nothing still referred to.
    ///
    /// A link at the end of `path` is followed. Debris in `staging` is removed.
    ///
    /// The corresponding C functions are `renameat2`, `fsync`, `fdatasync` and those of ``HostFlush``.
    public func replaceBootFile(_ path: String, contents: [UInt8], staging: String) throws(SystemError) {
        let path = try destination(path)
        let (directoryPath, name) = ConfinedTree.split(path)
        let directory = try open(directoryPath, O_RDONLY | O_DIRECTORY)
        let kind = try HostFlush.Kind(of: directory)
        if let old = try openFile(path) {
            let bytes = try old.read(upTo: contents.count + 1)
            let change = ConfinedTree.change(from: bytes, to: contents)
            if change?.isEmpty == true { return try HostFlush.fileSystem(of: directory) }
            let status = try old.status()
            // A file with a second name is also a copy; a file with holes gets blocks when it is written.
            if let change, kind != .copied, status.links == 1, status.allocated >= status.size {
                try HostFlush.fileSystem(of: directory)
                return try overwrite(path, contents, change, in: directory)
            }
        }
        switch kind {
        case .fat: try replaceOnFAT(path, contents, in: directory)
        case .copied:
            try replaceFile(path, contents: contents)
            try HostFlush.fileSystem(of: directory)
        case .journaled:
            let stage = try openStaging(staging)
            try empty(staging, stage, for: name)
            if try stage.status().device == directory.status().device {
                try exchange(path, contents, in: directory, with: (staging, name), in: stage)
            } else {
                let temporary = ConfinedTree.temporaryName(for: name)
                unlinkat(directory.number, temporary, 0)
                try exchange(path, contents, in: directory, with: (directoryPath, temporary), in: directory)
            }
        }
    }

    /// Removes the file at `path`, if any, and waits until the disk does not have it.
    ///
    /// The name goes before the content: with a journal, the file is moved to the directory `staging` first.
    ///
    /// The corresponding C functions are `renameat`, `unlinkat`, `fsync` and those of ``HostFlush``.
    public func removeBootFile(_ path: String, staging: String) throws(SystemError) {
        let (directoryPath, name) = ConfinedTree.split(path)
        guard try isDirectory(directoryPath) else { return }
        let directory = try open(directoryPath, O_RDONLY | O_DIRECTORY)
        try HostFlush.fileSystem(of: directory)
        switch try HostFlush.Kind(of: directory) {
        case .fat:
            let replaced = ConfinedTree.replaced(by: name).map { directoryPath + "/" + $0 }
            try removeOnFAT(path, in: directory, unlessShared: replaced)
        case .copied: try removeFile(path)
        case .journaled:
            let stage = try openStaging(staging)
            if path != staging + "/" + name { try empty(staging, stage, for: name) }
            if renameat(directory.number, name, stage.number, name) == 0 {
                try HostFlush.fileSystem(of: directory)
                guard unlinkat(stage.number, name, 0) == 0 else { throw .last("remove", shown(path)) }
            } else if errno == EXDEV {
                try removeFile(path)
            } else if errno != ENOENT {
                throw .last("remove", shown(path))
            }
        }
        try HostFlush.fileSystem(of: directory)
    }

    /// The bytes to write if one sector holds all differences; empty if none differ; otherwise `nil`.
    static func change(from old: [UInt8], to new: [UInt8]) -> Range<Int>? {
        guard old.count == new.count else { return nil }
        let differing = old.indices.filter { old[$0] != new[$0] }
        guard let first = differing.first, let last = differing.last else { return 0..<0 }
        let sector = first / sectorSize * sectorSize
        return last < sector + sectorSize ? sector..<min(sector + sectorSize, new.count) : nil
    }

    private func overwrite(
        _ path: String, _ contents: [UInt8], _ change: Range<Int>, in directory: borrowing OpenFile
    ) throws(SystemError) {
        let file = try open(path, O_WRONLY | O_NOFOLLOW)
        let result = contents[change].withUnsafeBytes { bytes in
            Result { () throws(SystemError) in try file.write(bytes, at: UInt64(change.lowerBound)) }
        }
        try result.get()
        try file.flushData()
        // XFS writes blocks that a copy shares to another place.
        try HostFlush.fileSystem(of: directory)
    }

    /// Puts a new file at `path`, in place of the old one if there is one.
    private func exchange(
        _ path: String, _ contents: [UInt8], in directory: borrowing OpenFile,
        with temporary: (directory: String, name: String), in stage: borrowing OpenFile
    ) throws(SystemError) {
        let name = ConfinedTree.split(path).name
        do throws(SystemError) {
            let file = try makeFile(
                temporary.directory + "/" + temporary.name, like: path, contents)
            try file.flush()
            try HostFlush.fileSystem(of: directory)
            let isDone =
                imgbased_exchange(stage.number, temporary.name, directory.number, name) == 0
                || errno == ENOENT
                    && imgbased_rename_new(stage.number, temporary.name, directory.number, name) == 0
            guard isDone else { throw .last("write", shown(path)) }
        } catch {
            unlinkat(stage.number, temporary.name, 0)
            throw error
        }
        // The old file must not go before its name has gone from the disk.
        try HostFlush.fileSystem(of: directory)
        guard unlinkat(stage.number, temporary.name, 0) == 0 || errno == ENOENT else {
            throw .last("remove", stage.name)
        }
        try HostFlush.fileSystem(of: directory)
    }
}

extension ConfinedTree {
    /// Replaces a file on FAT.
    ///
    /// The kernel may write a directory before the allocation table, and frees a file's clusters when no
    /// program has it open. Therefore, the table reaches the disk before the name that needs it, and the old
    /// clusters are freed after the disk has the new name.
    private func replaceOnFAT(
        _ path: String, _ contents: [UInt8], in directory: borrowing OpenFile
    ) throws(SystemError) {
        let (directoryPath, name) = ConfinedTree.split(path)
        let temporary = ConfinedTree.temporaryName(for: name)
        try removeOnFAT(directoryPath + "/" + temporary, in: directory, unlessShared: path)
        try HostFlush.fileSystem(of: directory)
        try replacing(path) { () throws(SystemError) in
            let file = try makeFile(directoryPath + "/" + temporary, like: path, contents)
            // First the table, then the size and place of the file.
            try directory.flush()
            try file.flush()
            guard renameat(directory.number, temporary, directory.number, name) == 0 else {
                throw .last("write", shown(path))
            }
            try directory.flush()
            try file.flush()
        }
        try HostFlush.fileSystem(of: directory)
    }

    /// Runs `body` with the file at `path` open, if it exists.
    private func replacing(_ path: String, _ body: () throws(SystemError) -> Void) throws(SystemError) {
        let old = try openFile(path)
        try body()
        _ = consume old
    }

    /// Removes a file on FAT, if it exists.
    ///
    /// A power cut can leave it with the same clusters as the file `other`. Its removal would free them, so
    /// it is refused: only fsck.fat(8) can tell the two apart.
    func removeOnFAT(
        _ path: String, in directory: borrowing OpenFile, unlessShared other: String? = nil
    ) throws(SystemError) {
        let name = ConfinedTree.split(path).name
        guard let file = try openFile(path) else { return }
        if let other, let live = try openFile(other), try file.firstBlock() != 0,
            try file.firstBlock() == live.firstBlock()
        {
            throw SystemError(
                "remove", shown(path),
                reason:
                    "it shares its place on the disk with '\(other)'; unmount the file system and run fsck.fat on it"
            )
        }
        guard unlinkat(directory.number, name, 0) == 0 || errno == ENOENT else {
            throw .last("remove", shown(path))
        }
        try directory.flush()
        // The close of the file frees its clusters.
        _ = consume file
        try HostFlush.fileSystem(of: directory)
    }
}

extension OpenFile {
    /// The block of its file system that holds its first byte; 0 if none does.
    ///
    /// The corresponding C function is `ioctl` with `FIBMAP`.
    fileprivate func firstBlock() throws(SystemError) -> CInt {
        var block: CInt = 0
        guard imgbased_first_block(number, &block) == 0 else { throw .last("look at", name) }
        return block
    }
}

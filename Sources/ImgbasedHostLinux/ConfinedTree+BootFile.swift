import CLinux
import Glibc
public import ImgbasedLinux

/// Files that a boot loader reads. It replays no journal and repairs nothing, so that it is the single write that decides what
/// it finds: after each one that is the old file or the new one.
///
/// What holds was found by looking at each state that a cut of the power can leave, with the writes between two flushes in any
/// order and torn at 512 bytes.
extension ConfinedTree {
    /// How many bytes a disk writes or does not write.
    static let sectorSize = 512

    /// Replaces the file at `path`, or makes it. Everything written to its file system before is on the disk before, and the
    /// file when this returns.
    ///
    /// If all that changes is within one sector, that is written in place. Else, with a journal, a new file takes the place of the
    /// old one by an exchange of names, with everything in its place before and after; it is made in the directory `staging`,
    /// which no boot loader looks into, so that no directory that one reads gets or loses a name. On FAT a new file is renamed
    /// over the old one, in an order in which nothing is freed that is still referred to.
    ///
    /// A link at the end of `path` is followed. What an interrupted run left in `staging` is removed.
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
            // What has another name is somebody's copy; what has holes gets blocks when it is written.
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

    /// Removes the file at `path`, if it is there, and waits until the disk does not have it.
    ///
    /// The name goes before what it stands for: with a journal the file is moved to the directory `staging` first.
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

    /// The bytes that differ, if that is all there is to be written and one sector has them; none, if none do.
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
        // XFS writes what a copy shares to another place.
        try HostFlush.fileSystem(of: directory)
    }

    /// Puts a new file in the place of the one at `path`, or there if none is.
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
        // Whatever comes of it, the old file goes only when its name has gone.
        try HostFlush.fileSystem(of: directory)
        guard unlinkat(stage.number, temporary.name, 0) == 0 || errno == ENOENT else {
            throw .last("remove", stage.name)
        }
        try HostFlush.fileSystem(of: directory)
    }
}

extension ConfinedTree {
    /// Replaces a file on FAT. The kernel writes a directory before the allocation table if it may choose, and frees the
    /// clusters of a file as soon as nobody has it open: so the table is on the disk before the name that needs it, and what the
    /// name stood for is freed when the disk has the new one.
    private func replaceOnFAT(
        _ path: String, _ contents: [UInt8], in directory: borrowing OpenFile
    ) throws(SystemError) {
        let (directoryPath, name) = ConfinedTree.split(path)
        let temporary = ConfinedTree.temporaryName(for: name)
        try removeOnFAT(directoryPath + "/" + temporary, in: directory, unlessShared: path)
        try HostFlush.fileSystem(of: directory)
        try replacing(path) { () throws(SystemError) in
            let file = try makeFile(directoryPath + "/" + temporary, like: path, contents)
            // The table, and then the size and place of the file.
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

    /// Runs `body` with the file at `path` open, if it is there.
    private func replacing(_ path: String, _ body: () throws(SystemError) -> Void) throws(SystemError) {
        let old = try openFile(path)
        try body()
        _ = consume old
    }

    /// Removes a file on FAT, if it is there. If it stands for the same clusters as the file `other`, as a cut of the power can
    /// leave it, to remove it would free these: only fsck.fat(8) can tell them apart.
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
        // Its clusters are freed when it is closed.
        _ = consume file
        try HostFlush.fileSystem(of: directory)
    }
}

extension OpenFile {
    /// The block of its file system that has its first byte; 0 if none has.
    ///
    /// The corresponding C function is `ioctl` with `FIBMAP`.
    fileprivate func firstBlock() throws(SystemError) -> CInt {
        var block: CInt = 0
        guard imgbased_first_block(number, &block) == 0 else { throw .last("look at", name) }
        return block
    }
}

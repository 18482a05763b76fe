import CLinux
public import ImgbasedCore

/// The lock that lvm2's commands take before they look at which parts of a volume group are active.
///
/// The sources are lvm2: lib/locking/file_locking.c, lib/misc/lvm-flock.c. If dracut's rules also start lvm2,
/// neither program sees the other's work half done.
public struct LVM2Lock: ~Copyable {
    private let lock: FileLock?

    /// Takes the lock of `group`, waiting for its holder with `patience`: the holder may be checking a pool.
    ///
    /// If the lock file cannot be made, this goes on without a lock. So does lvm2 with `--sysinit`, its
    /// option in an initramfs.
    /// - Throws: if the holder keeps the lock.
    public init(
        _ group: String, _ patience: Patience, in directory: String = "/run/lock/lvm"
    ) throws(SystemError) {
        lock = try LVM2Lock.take("\(directory)/V_\(group)", in: directory, patience)
    }

    /// The corresponding C functions are `flock`, `fstat` and `stat`.
    private static func take(
        _ path: String, in directory: String, _ patience: Patience
    ) throws(SystemError) -> FileLock? {
        guard (try? SmallFile.makeDirectory(directory)) != nil else { return nil }
        // Other programs could take turns with the lock for ever.
        let deadline = Monotonic.now().advanced(bySeconds: patience.total)
        while true {
            guard
                let file = try? OpenFile(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW, permissions: 0o600)
            else { return nil }
            try wait(for: file, path, patience)
            // lvm2 removes the file when it releases the lock: only a lock on the present file counts.
            var locked = stat()
            var present = stat()
            if fstat(file.number, &locked) == 0, stat(path, &present) == 0, locked.st_ino == present.st_ino,
                locked.st_dev == present.st_dev
            {
                return FileLock(of: file)
            }
            guard Monotonic.now() < deadline else {
                throw SystemError("lock", path, reason: patience.reason(.isSlow))
            }
        }
    }

    /// Locks `file`. A child waits, since a child can be ended; the lock is the open file's, so ours too.
    ///
    /// The corresponding C functions are `flock` and `fork`.
    private static func wait(
        for file: borrowing OpenFile, _ path: String, _ patience: Patience
    ) throws(SystemError) {
        if flock(file.number, LOCK_EX | LOCK_NB) == 0 { return }
        guard imgbased_errno() == EWOULDBLOCK || imgbased_errno() == EINTR else { throw .last("lock", path) }
        var node = imgbased_node()
        guard imgbased_look(file.number, "", &node) == 0 else { throw .last("look at", path) }
        let process = imgbased_start_locking(file.number)
        guard process >= 0 else { throw .last("lock", path) }
        let child = try ProcessWait(process, name: path)
        let end = try child.status(patience) {
            holder(of: node).map { ProcessWork.count(of: $0) } ?? 0
        }
        guard let status = end.status else {
            let holder = holder(of: node).map { name(of: $0) } ?? "somebody"
            _ = try child.end(isTool: false)
            throw SystemError("lock", path, reason: "\(holder) has it, and \(patience.reason(end.verdict))")
        }
        guard status == 0 else { throw SystemError("lock", path, errno: (status >> 8) & 0xff) }
    }

    /// The process that holds the lock on the file.
    private static func holder(of node: imgbased_node) -> Int? {
        guard let text = try? SmallFile.read("/proc/locks", limit: 1 << 20) else { return nil }
        return FileLockTable(text).holder(
            major: node.device >> 32, minor: node.device & 0xffff_ffff, inode: node.inode)
    }

    private static func name(of process: Int) -> String {
        SmallFile.line("/proc/\(process)/comm").map { "process \(process) (\($0))" }
            ?? "process \(process), which has ended,"
    }

    /// Releases the lock.
    public consuming func release() {}
}

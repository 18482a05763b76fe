import CLinux
import Glibc
import ImgbasedCore
public import ImgbasedLinux

/// File systems mounted without a place in the tree.
///
/// Other programs do not see them. They go when they are closed, whatever ends this program.
public enum HostMount {
    /// How a file system is mounted.
    public enum Mode: Sendable {
        /// To change the file system.
        case readWrite
        /// To read the file system; its journal is replayed first.
        case readOnly
        /// To read the file system without a single write, though its journal may hold newer data.
        case untouched
    }

    /// Mounts the file system of `type` on `device`, and returns its tree.
    ///
    /// No program can run from the tree unless it `allowsPrograms`. Errors of an ext4 file system do not stop
    /// the host, whatever its superblock asks for.
    ///
    /// The corresponding C functions are `fsopen`, `fsconfig` and `fsmount`.
    public static func mount(
        _ device: String, type: String, _ mode: Mode, allowsPrograms: Bool = false
    ) throws(SystemError) -> ConfinedTree {
        let context = fsopen(type, UInt32(FSOPEN_CLOEXEC))
        guard context >= 0 else { throw .last("mount", device) }
        let options = OpenFile(owning: context, name: device)
        try set(options, FSCONFIG_SET_STRING, "source", device)
        if mode != .readWrite { try set(options, FSCONFIG_SET_FLAG, "ro", nil) }
        switch type {
        case "ext4":
            // The superblock belongs to an image, and can ask for a panic.
            try set(options, FSCONFIG_SET_STRING, "errors", "remount-ro")
            if mode == .untouched { try set(options, FSCONFIG_SET_FLAG, "noload", nil) }
        case "xfs":
            // A snapshot has the UUID of its origin until it gets its own.
            try set(options, FSCONFIG_SET_FLAG, "nouuid", nil)
            if mode == .untouched { try set(options, FSCONFIG_SET_FLAG, "norecovery", nil) }
        default: break
        }
        try set(options, FSCONFIG_CMD_CREATE, nil, nil)
        let attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (allowsPrograms ? 0 : MOUNT_ATTR_NOEXEC)
        let mount = fsmount(
            options.number, UInt32(FSMOUNT_CLOEXEC),
            UInt32(attributes) | (mode == .readWrite ? 0 : UInt32(MOUNT_ATTR_RDONLY)))
        guard mount >= 0 else { throw failure(options, "mount", device) }
        return ConfinedTree(root: OpenFile(owning: mount, name: device), name: device + ":")
    }

    /// Mounts the file system of `type` on `device` at the directory `place` of the running system, for
    /// reading alone.
    ///
    /// Other mounts of the device can be written to. Freed blocks are discarded.
    ///
    /// The corresponding C functions are `fsopen`, `fsconfig`, `fsmount` and `move_mount`.
    public static func cover(_ place: String, with device: String, type: String) throws(SystemError) {
        let context = fsopen(type, UInt32(FSOPEN_CLOEXEC))
        guard context >= 0 else { throw .last("mount", device) }
        let options = OpenFile(owning: context, name: device)
        try set(options, FSCONFIG_SET_STRING, "source", device)
        try set(options, FSCONFIG_SET_FLAG, "discard", nil)
        try set(options, FSCONFIG_CMD_CREATE, nil, nil)
        let number = fsmount(options.number, UInt32(FSMOUNT_CLOEXEC), UInt32(MOUNT_ATTR_RDONLY))
        guard number >= 0 else { throw failure(options, "mount", device) }
        let mount = OpenFile(owning: number, name: device)
        guard move_mount(mount.number, "", AT_FDCWD, place, UInt32(MOVE_MOUNT_F_EMPTY_PATH)) == 0 else {
            throw .last("mount", place)
        }
    }

    /// Unmounts `device` from `place`, if it is mounted there; programs that have something open there keep
    /// it.
    ///
    /// The corresponding C function is `umount2` with `MNT_DETACH`.
    public static func uncover(_ place: String, from device: String) throws(SystemError) {
        guard let number = HostSystem.number(ofDevice: device) else { return }
        while try Mount.table().top(at: place)?.number == number {
            guard umount2(place, CInt(MNT_DETACH)) == 0 else { throw .last("unmount", place) }
        }
    }

    /// The tree of the file system mounted at `path`, without the mounts beneath it.
    ///
    /// The corresponding C function is `open_tree`.
    public static func only(_ path: String) throws(SystemError) -> ConfinedTree {
        let number = open_tree(AT_FDCWD, path, UInt32(OPEN_TREE_CLONE) | UInt32(O_CLOEXEC))
        guard number >= 0 else { throw .last("look into", path) }
        return ConfinedTree(root: OpenFile(owning: number, name: path), name: path == "/" ? "" : path)
    }

    /// Whether something is mounted at `path`.
    ///
    /// The corresponding C function is `statx`.
    public static func isMounted(at path: String) throws(SystemError) -> Bool {
        var node = imgbased_node()
        guard imgbased_look(AT_FDCWD, path, &node) == 0 else { throw .last("look at", path) }
        return node.is_mount_point
    }

    /// Opens the device at `path` for reading once it is not mounted any more.
    ///
    /// Another program may keep the mount between its fork and its exec, as its last user. Such a mount goes
    /// a moment later; the kernel has no event for it.
    ///
    /// The corresponding C function is `open` with `O_EXCL`.
    public static func openUnmounted(_ path: String) throws(SystemError) -> OpenFile {
        let deadline = Monotonic.now().advanced(bySeconds: 10)
        while true {
            let number = imgbased_open(path, O_RDONLY | O_EXCL | O_CLOEXEC, 0)
            if number >= 0 { return OpenFile(owning: number, name: path) }
            guard errno == EBUSY, Monotonic.now() < deadline else { throw .last("open", path) }
            poll(nil, 0, 20)
        }
    }

    private static func set(
        _ options: borrowing OpenFile, _ command: fsconfig_command, _ key: String?, _ value: String?
    ) throws(SystemError) {
        guard fsconfig(options.number, command.rawValue, key, value, 0) == 0 else {
            throw failure(options, "mount", options.name)
        }
    }

    /// The error of a call that just failed, with the message of the kernel's file system.
    ///
    /// A read of the context returns the messages; their first letter is the level.
    private static func failure(
        _ options: borrowing OpenFile, _ operation: String, _ object: String
    ) -> SystemError {
        let error = SystemError.last(operation, object)
        var buffer = [UInt8](repeating: 0, count: 1024)
        let count = read(options.number, &buffer, buffer.count)
        guard count > 2 else { return error }
        let message = String(decoding: buffer[2..<count], as: UTF8.self).split(separator: "\n").first ?? ""
        return error.adding(" (\(message))")
    }
}

import CLinux
import Glibc
import ImgbasedCore
import ImgbasedHostCore
public import ImgbasedLinux

/// A tree in which programs run without a change to it: an overlay keeps what they write.
///
/// Nothing else sees the mounts, and they go when the work ends. The programs have the host's `/proc`, in
/// which they find that they are in a chroot, but no setting of the kernel that they can write, an empty
/// `/run` and `/tmp`, and no devices but those that hold nothing.
public enum HostSandbox {
    /// The tree that stays as it is.
    public enum Lower: Sendable {
        /// A directory of the running system.
        case directory(String)
        /// The file system of this type on a device.
        case device(String, type: String, isReadOnly: Bool = false)
    }

    /// The part of the sandbox's directory with the tree as it was, for the work in the sandbox.
    public static let lower = "lower"
    /// The part of the sandbox's directory with what was written.
    public static let upper = "upper"

    /// Runs `body` with the path of the tree, on a thread that alone sees it, and returns its result.
    ///
    /// What is written goes to `upper` in `directory`, an empty directory on a disk.
    ///
    /// The corresponding C functions are `unshare`, `mount`, `mkdir` and `mknod`.
    public static func run<Result: Sendable>(
        _ lower: Lower, in directory: String, _ body: @escaping @Sendable (_ tree: String) -> Result
    ) throws(SystemError) -> Result {
        let results = HostQueue<Swift.Result<Result, SystemError>>()
        let thread = try HostThread {
            do throws(SystemError) {
                let tree = try prepare(lower, in: directory)
                let result = body(tree)
                // Nothing may write to what is below it meanwhile. A busy mount goes with the thread.
                _ = umount2(tree, CInt(MNT_DETACH))
                results.send(.success(result))
            } catch {
                results.send(.failure(error))
            }
            results.close()
        }
        thread.join()
        guard let result = results.receive() else {
            throw SystemError("use", directory, reason: "the sandbox ended early")
        }
        return try result.get()
    }

    /// The words before a program's that run it in `tree`: it has no terminal and no network, and whatever it
    /// starts ends with it (setsid(1), unshare(1)).
    ///
    /// It has lost the capabilities for mounts, modules, new devices and other programs (setpriv(1)). This is
    /// against accidents: a program that leaves the tree on purpose, with chroot(2), finds the host's devices.
    /// It may use any address as its own, as a server's check does.
    public static func wrapper(_ tree: String) -> [String] {
        [
            "/usr/bin/setsid", "--wait", "/usr/bin/unshare", "--pid", "--fork", "--kill-child", "--net",
            "--ipc", "--uts", "--wd", "/", "--", "/bin/sh", "-c", ownAddresses + "; exec \"$@\"", "sh",
            "/usr/bin/setpriv", "--bounding-set", lost.map { "-" + $0 }.joined(separator: ","), "--",
            "/usr/sbin/chroot", tree,
        ]
    }

    private static let ownAddresses = ["ipv4", "ipv6"].map {
        "[ ! -e /proc/sys/net/\($0)/ip_nonlocal_bind ] || echo 1 >/proc/sys/net/\($0)/ip_nonlocal_bind"
    }.joined(separator: "; ")

    /// The capabilities that programs lose (capabilities(7)).
    private static let lost = [
        "sys_admin", "sys_boot", "sys_module", "sys_ptrace", "sys_rawio", "sys_time", "syslog", "mknod",
        "mac_admin", "mac_override", "audit_control", "net_admin", "wake_alarm", "sys_tty_config",
    ]

    private static func prepare(_ lower: Lower, in directory: String) throws(SystemError) -> String {
        guard imgbased_own_mounts() == 0 else { throw .last("make mounts of its own for", "imgbase") }
        // The thread has its own since it has its own mounts.
        umask(0o022)
        try leaveOthers(for: lower, directory)
        let parts = [HostSandbox.lower, upper, "work", "tree"].map { directory + "/" + $0 }
        for part in parts where mkdir(part, 0o755) != 0 { throw .last("make directory", part) }
        switch lower {
        case .directory(let path): try mounting(path, at: parts[0], "none", MS_BIND)
        case .device(let device, let type, let isReadOnly):
            try mounting(
                device, at: parts[0], type, MS_NOSUID | MS_NODEV | (isReadOnly ? MS_RDONLY : 0),
                type == "xfs" ? "nouuid" : "errors=remount-ro")
        }
        let tree = parts[3]
        try mounting(
            "overlay", at: tree, "overlay", MS_NODEV,
            "lowerdir=\(parts[0]),upperdir=\(parts[1]),workdir=\(parts[2]),metacopy=off,redirect_dir=off,index=off"
        )
        for place in ["/dev", "/proc", "/run", "/tmp"] where !HostSystem.isDirectory(tree + place) {
            throw SystemError("use", place, reason: "the layer has no such directory")
        }
        try mounting("tmpfs", at: tree + "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=25%")
        try mounting("tmpfs", at: tree + "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=25%")
        guard mkdir(tree + "/run/lock", 0o1777) == 0, chmod(tree + "/run/lock", 0o1777) == 0 else {
            throw .last("make directory", tree + "/run/lock")
        }
        try makeDevices(in: tree + "/dev")
        let processes = tree + "/proc"
        try mounting("proc", at: processes, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        for name in ["sys", "irq", "bus", "sysrq-trigger"] {
            let path = processes + "/" + name
            guard HostSystem.exists(path) else { continue }
            try mounting(path, at: path, "none", MS_BIND)
            try mounting(
                path, at: path, "none",
                MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
        }
        // Outside the tree, the host's root file system cannot be written to.
        try mounting("none", at: "/", "none", MS_BIND | MS_REMOUNT | MS_RDONLY)
        return tree
    }

    /// Unmounts what the sandbox has no need of: its copies of the host's mounts would keep devices busy that
    /// others unmount meanwhile.
    private static func leaveOthers(for lower: Lower, _ directory: String) throws(SystemError) {
        var used = [directory]
        if case .directory(let path) = lower { used.append(path) }
        let needed = used.compactMap { HostSystem.resolved($0).flatMap { TreePath(parsing: $0) } }
        let system = ["/dev", "/proc", "/run", "/sys"].compactMap { TreePath(parsing: $0) }
        let table = try OpenFile(opening: "/proc/thread-self/mountinfo", O_RDONLY).readAll(limit: 64 << 20)
        for place in MountTable(table).places.reversed()
        where !needed.contains(where: { place.covers($0) }) && !system.contains(where: { $0.covers(place) }) {
            _ = umount2(String(decoding: place.bytes, as: UTF8.self), CInt(MNT_DETACH))
        }
    }

    /// Mounts a directory at `path` with the devices that every program expects.
    private static func makeDevices(in path: String) throws(SystemError) {
        try mounting("tmpfs", at: path, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=16m")
        let devices: [(String, UInt64)] = [
            ("null", 1 << 32 | 3), ("zero", 1 << 32 | 5), ("full", 1 << 32 | 7), ("random", 1 << 32 | 8),
            ("urandom", 1 << 32 | 9), ("tty", 5 << 32),
        ]
        for (name, number) in devices {
            let place = path + "/" + name
            guard imgbased_make_node(AT_FDCWD, place, S_IFCHR | 0o666, number) == 0, chmod(place, 0o666) == 0
            else { throw .last("make", place) }
        }
        let links = [
            ("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"),
        ]
        for (name, target) in links where symlink(target, path + "/" + name) != 0 {
            throw .last("make", path + "/" + name)
        }
        guard mkdir(path + "/shm", 0o1777) == 0, chmod(path + "/shm", 0o1777) == 0 else {
            throw .last("make directory", path + "/shm")
        }
    }

    private static func mounting(
        _ source: String, at path: String, _ type: String, _ flags: Int, _ options: String? = nil
    ) throws(SystemError) {
        guard mount(source, path, type, UInt(flags), options) == 0 else { throw .last("mount", path) }
    }
}

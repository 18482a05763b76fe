import CLinux

/// The program that a booted system begins with.
public enum InitProgram {
    /// Where it is looked for, besides where `init=` says (linux: init/main.c, `kernel_init`; systemd: src/core/main.c). The
    /// shell that comes last there is left out: nobody may be at it.
    private static let places = ["/sbin/init", "/etc/init", "/bin/init"]

    /// Whether the root mounted at `target` has one, where `asked` is the kernel's `init=`. Links lead where they will when it
    /// is the root. A root whose `/usr` is not there yet may have it in that.
    ///
    /// The corresponding system call is `openat2` with `RESOLVE_IN_ROOT`.
    public static func exists(in target: String, asked: String?) throws(SystemError) -> Bool {
        let root = try OpenFile(opening: target, O_RDONLY | O_DIRECTORY)
        let isWhole = ["/usr/bin", "/usr/sbin"].contains { has($0, root) }
        return !isWhole || ([asked].compactMap { $0 } + places).contains { has($0, root) }
    }

    private static func has(_ path: String, _ root: borrowing OpenFile) -> Bool {
        let number = imgbased_open_in_root(root.number, path, O_RDONLY | O_NONBLOCK, 0)
        if number >= 0 { close(number) }
        return number >= 0
    }
}

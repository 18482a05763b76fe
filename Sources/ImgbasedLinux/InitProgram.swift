import CLinux

/// The program that a booted system begins with.
public enum InitProgram {
    /// Where it is looked for, besides where `init=` says (linux: init/main.c, `kernel_init`; systemd: src/core/main.c). The
    /// shell that comes last there is left out: nobody may be at it.
    private static let places = ["/sbin/init", "/etc/init", "/bin/init"]

    /// Whether the root mounted at `target` has one, where `asked` is the kernel's `init=`. Links lead where they will when it
    /// is the root. A root whose `/usr` is not there yet may have it in that.
    /// - Throws: where that cannot be seen.
    ///
    /// The corresponding system call is `openat2` with `RESOLVE_IN_ROOT`.
    public static func exists(in target: String, asked: String?) throws(SystemError) -> Bool {
        let root = try OpenFile(opening: target, O_RDONLY | O_DIRECTORY)
        if try root.look(within: "/usr/bin") == nil, try root.look(within: "/usr/sbin") == nil { return true }
        var failure: SystemError?
        for place in [asked].compactMap({ $0 }) + places {
            do throws(SystemError) {
                if let node = try root.look(within: place), node.isProgram { return true }
            } catch {
                // Another place may do.
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return false
    }

    /// Whether the root mounted at `target` has modules for the kernel `release`.
    /// - Throws: where that cannot be seen.
    public static func hasModules(of release: String, in target: String) throws(SystemError) -> Bool {
        let root = try OpenFile(opening: target, O_RDONLY | O_DIRECTORY)
        return try root.look(within: "/usr/lib/modules/" + release) != nil
    }
}

extension OpenFile {
    /// What is at `path`, where this open directory is the root: no link leads out of it. `nil` where nothing is.
    ///
    /// The corresponding system calls are `openat2` with `RESOLVE_IN_ROOT`, of the place and not of what is there, and `statx`.
    fileprivate func look(within path: String) throws(SystemError) -> imgbased_node? {
        let number = imgbased_open_in_root(self.number, path, imgbased_path_only, 0)
        guard number >= 0 else {
            let errno = imgbased_errno()
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .lookup("look at", name + path)
        }
        let place = OpenFile(owning: number, name: name + path)
        var node = imgbased_node()
        guard imgbased_look(place.number, "", &node) == 0 else { throw .last("look at", place.name) }
        return node
    }
}

extension imgbased_node {
    /// Whether it is a plain file that somebody can execute.
    fileprivate var isProgram: Bool {
        mode & UInt32(S_IFMT) == UInt32(S_IFREG) && mode & 0o111 != 0
    }
}

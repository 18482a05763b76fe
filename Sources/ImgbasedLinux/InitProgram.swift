import CLinux

/// The first program of a booted system.
public enum InitProgram {
    /// The paths searched after that of `init=`.
    ///
    /// The sources are linux: init/main.c, `kernel_init`; systemd: src/core/main.c. The shell that comes last
    /// there is left out: the console may be unattended.
    private static let places = ["/sbin/init", "/etc/init", "/bin/init"]

    /// Whether the root mounted at `target` has an init program; `asked` is the kernel's `init=`.
    ///
    /// Links resolve as they will once `target` is the root. A root without its `/usr` may have the
    /// program there, so the answer is `true`.
    /// - Throws: if the root cannot be searched.
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
                // The program may be at another path.
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return false
    }

    /// Whether the root mounted at `target` has modules for the kernel `release`.
    /// - Throws: if the root cannot be searched.
    public static func hasModules(of release: String, in target: String) throws(SystemError) -> Bool {
        let root = try OpenFile(opening: target, O_RDONLY | O_DIRECTORY)
        return try root.look(within: "/usr/lib/modules/" + release) != nil
    }
}

extension OpenFile {
    /// The node at `path` with this open directory as the root, which no link leaves; `nil` if none.
    ///
    /// The corresponding system calls are `openat2` with `RESOLVE_IN_ROOT`, which opens only the path, and
    /// `statx`.
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
    /// Whether it is a plain file that some user can execute.
    fileprivate var isProgram: Bool {
        mode & UInt32(S_IFMT) == UInt32(S_IFREG) && mode & 0o111 != 0
    }
}

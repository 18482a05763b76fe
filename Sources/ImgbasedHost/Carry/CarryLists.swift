import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedHostLinux
import ImgbasedLinux

/// The lists in Config of what is carried besides `/etc`.
public struct CarryLists: Sendable {
    /// The paths to copy.
    public var files: PersistList
    /// The paths to merge, as `/etc` is merged.
    public var merged: PersistList
    /// Notes on files beside the lists that are not read.
    private(set) var unread: [CarryItem] = []

    private static let limit = 1 << 20

    /// The given lists; both are empty by default.
    public init(files: PersistList = PersistList(), merged: PersistList = PersistList()) {
        self.files = files
        self.merged = merged
    }

    /// Reads `files`, `files.d` and `merge.d` of Config's tree.
    ///
    /// A line that is not understood is an error: the paths it names would be lost.
    public static func read(from tree: borrowing ConfinedTree) throws(HostFailure) -> CarryLists {
        var lists = CarryLists()
        let file = try calling(tree.read("/files", limit: limit))
        if let file { lists.files.add(file, file: "files") }
        for (name, contents) in try contents(of: "/files.d", in: tree, &lists.unread, shownIn: "/config") {
            lists.files.add(contents, file: "files.d/\(name)")
        }
        for (name, contents) in try contents(of: "/merge.d", in: tree, &lists.unread, shownIn: "/config") {
            lists.merged.add(contents, file: "merge.d/\(name)")
        }
        let problems = lists.files.problems + lists.merged.problems
        guard problems.isEmpty else {
            throw .carrying("the lists of Config: " + problems.map(\.description).joined(separator: "; "))
        }
        return lists
    }

    /// Reads the lists of Config, which is mounted at `path`.
    ///
    /// An unmounted Config is an error: the empty directory beneath would say that nothing is carried.
    static func read(mountedAt path: String) throws(HostFailure) -> CarryLists {
        // An unmount elsewhere does not change this tree.
        let tree = try calling(HostMount.only(path))
        guard try calling(HostMount.isMounted(at: path)) else {
            throw .carrying(
                "Config is not mounted at '\(path)' any more, so its lists cannot be read; mount it")
        }
        return try read(from: tree)
    }

    /// The files in `directory` whose names end in `ending`, sorted by name.
    ///
    /// Copies that editors and package managers leave, and directories, go to `unread`, by their path in a
    /// layer that has the tree at `place`. A link to `/dev/null` counts as an empty file.
    static func contents(
        of directory: String, ending: String = "", in tree: borrowing ConfinedTree,
        _ unread: inout [CarryItem],
        shownIn place: String = ""
    ) throws(HostFailure) -> [(String, [UInt8])] {
        do throws(SystemError) {
            var contents: [(String, [UInt8])] = []
            let all = try tree.names(in: directory).filter { $0.hasSuffix(ending) }
            let meant = DropIns.names(all)
            var leftOut: [(name: String, reason: String)] = Set(all).subtracting(meant).map {
                ($0, "its name is that of a hidden file or a copy")
            }
            for name in meant {
                let path = "\(directory)/\(name)"
                if try tree.isDirectory(path) {
                    leftOut.append((name, "it is a directory"))
                    continue
                }
                let isMask = try tree.link(at: path) == "/dev/null"
                guard let bytes = try isMask ? [] : tree.read(path, limit: limit) else {
                    throw SystemError("read", path, reason: "it leads nowhere, or its name is no text")
                }
                contents.append((name, bytes))
            }
            let parent = TreePath(parsing: place + directory)
            unread += leftOut.compactMap { name, reason in
                parent?.appending(name).map { CarryItem($0, .unused, "\(reason), and it is not read") }
            }
            return contents
        } catch {
            throw .system(error)
        }
    }
}

extension CarryPolicy {
    /// Reads the rules by path in the layer `tree`.
    ///
    /// They are in `/etc/imgbased/persist.d` and `/usr/lib/imgbased/persist.d`; a file in `/etc` replaces one
    /// of the same name in `/usr`.
    public static func read(from tree: borrowing ConfinedTree) throws(HostFailure) -> CarryPolicy {
        var files: [String: [UInt8]] = [:]
        var unread: [CarryItem] = []
        for directory in ["/usr/lib/imgbased/persist.d", "/etc/imgbased/persist.d"] {
            for (name, contents) in try CarryLists.contents(
                of: directory, ending: ".conf", in: tree, &unread)
            {
                files[name] = contents
            }
        }
        do throws(CarryPolicyError) {
            var policy = try CarryPolicy(files)
            policy.unread = unread
            return policy
        } catch {
            throw .carrying("the rules in persist.d: \(error)")
        }
    }
}

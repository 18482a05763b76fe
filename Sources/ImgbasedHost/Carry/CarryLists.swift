public import ImgbasedCore
public import ImgbasedLinux

/// What is carried besides `/etc`, as Config says.
public struct CarryLists: Sendable {
    /// What is copied.
    public var files: PersistList
    /// What is merged as `/etc` is.
    public var rebase: PersistList

    private static let limit = 1 << 20

    /// Those lists; by default nothing is on them.
    public init(files: PersistList = PersistList(), rebase: PersistList = PersistList()) {
        self.files = files
        self.rebase = rebase
    }

    /// Reads `files`, `files.d` and `rebase.d` of the tree of Config. A line that is not understood is an error: what it
    /// was to name would be lost.
    public static func read(from tree: borrowing HostTree) throws(HostFailure) -> CarryLists {
        var lists = CarryLists()
        let file = try calling { () throws(SystemError) in try tree.read("/files", limit: limit) }
        if let file { lists.files.add(file, file: "files") }
        for (name, contents) in try contents(of: "/files.d", in: tree) {
            lists.files.add(contents, file: "files.d/\(name)")
        }
        for (name, contents) in try contents(of: "/rebase.d", in: tree) {
            lists.rebase.add(contents, file: "rebase.d/\(name)")
        }
        let problems = lists.files.problems + lists.rebase.problems
        guard problems.isEmpty else {
            throw .carrying("the lists of Config: " + problems.map(\.description).joined(separator: "; "))
        }
        return lists
    }

    /// Reads those of Config, which is mounted at `path`: an empty directory beneath would say that nothing is carried.
    static func read(mountedAt path: String) throws(HostFailure) -> CarryLists {
        // Whoever unmounts it leaves this tree as it is.
        let tree = try calling { () throws(SystemError) in try HostMount.only(path) }
        guard try calling({ () throws(SystemError) in try HostMount.isMounted(at: path) }) else {
            throw .carrying(
                "Config is not mounted at '\(path)' any more, so that its lists cannot be read; mount it")
        }
        return try read(from: tree)
    }

    /// The files in a directory whose names end so, in the order of their names, without what editors and package managers
    /// leave there. A link to `/dev/null` is an empty one.
    static func contents(
        of directory: String, ending: String = "", in tree: borrowing HostTree
    ) throws(HostFailure) -> [(String, [UInt8])] {
        do throws(SystemError) {
            var contents: [(String, [UInt8])] = []
            for name in HealthCheck.names(try tree.names(in: directory)) where name.hasSuffix(ending) {
                let path = "\(directory)/\(name)"
                if tree.isDirectory(path) { continue }
                let isMask = tree.link(at: path) == "/dev/null"
                guard let bytes = try isMask ? [] : tree.read(path, limit: limit) else {
                    throw SystemError("read", path, reason: "it leads nowhere, or its name is no text")
                }
                contents.append((name, bytes))
            }
            return contents
        } catch {
            throw .system(error)
        }
    }
}

extension CarryPolicy {
    /// Reads the rules by path in the layer `tree`: those in `/etc/imgbased/migrate.d`, and those in
    /// `/usr/lib/imgbased/migrate.d` that have no file of the same name there.
    public static func read(from tree: borrowing HostTree) throws(HostFailure) -> CarryPolicy {
        var files: [String: [UInt8]] = [:]
        for directory in ["/usr/lib/imgbased/migrate.d", "/etc/imgbased/migrate.d"] {
            for (name, contents) in try CarryLists.contents(of: directory, ending: ".conf", in: tree) {
                files[name] = contents
            }
        }
        do throws(CarryPolicyError) {
            return try CarryPolicy(files)
        } catch {
            throw .carrying("the rules in migrate.d: \(error)")
        }
    }
}

import FoundationEssentials
import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedHostLinux
import ImgbasedLinux

/// What the tree of a layer or base tells about its packages. It is not trusted.
public enum PackageTree {
    private static let recordLimit = 16 << 20
    private static let listLimit = 100_000

    /// The packages of `tree`, which is at `place` for programs that run in it.
    public static func database(
        of tree: borrowing ConfinedTree, at place: HostSandbox.Lower
    ) throws(HostFailure) -> PackageDatabase {
        let status = try calling(tree.read(PackageDatabase.statusPath, limit: PackageDatabase.limit))
        // A system of rpm may have dpkg as a tool, with an empty database.
        guard let status, !status.isEmpty else {
            guard hasRPM(tree) else { throw .contents(.packages(.unknownSystem)) }
            return try RPMTree(at: place).database()
        }
        let marks = try calling(tree.read(PackageDatabase.marksPath, limit: PackageDatabase.limit)) ?? []
        do throws(PackageProblem) {
            return try PackageDatabase(status: status, marks: marks)
        } catch {
            throw .contents(.packages(error))
        }
    }

    /// Whether `tree` has a database of rpm.
    private static func hasRPM(_ tree: borrowing ConfinedTree) -> Bool {
        for directory in PackageDatabase.rpmDirectories {
            let names = (try? tree.names(in: directory)) ?? []
            if !Set(names).isDisjoint(with: PackageDatabase.rpmFiles) { return true }
        }
        return false
    }

    /// The archives kept in `tree`; other files beside them are left out.
    public static func archives(in tree: borrowing ConfinedTree) throws(HostFailure) -> [PackageArchive] {
        guard let store = try store(of: tree) else { return [] }
        return try calling { () throws(SystemError) in
            var archives: [PackageArchive] = []
            for name in try store.listing(limit: listLimit) {
                guard let facts = try store.look(at: name), case .file(let size) = facts.kind else {
                    continue
                }
                let text = String(decoding: name, as: UTF8.self)
                let kept = facts.attributes.modified.seconds
                if let archive = PackageArchive(fileName: text, size: Bytes(size), kept: kept) {
                    archives.append(archive)
                }
            }
            return archives.sorted { $0.id < $1.id }
        }
    }

    /// The directory of the archives in `tree`; `nil` if there is none.
    static func store(of tree: borrowing ConfinedTree) throws(HostFailure) -> OpenDirectory? {
        do throws(SystemError) { return try tree.directory(PackageStore.directory) } catch {
            if error.isMissing { return nil }
            throw .system(error)
        }
    }

    /// The record in `tree`; an empty one if there is none or it cannot be read.
    public static func record(of tree: borrowing ConfinedTree) -> PackageRecord {
        guard let bytes = try? tree.read(PackageStore.recordPath, limit: recordLimit),
            let record = try? JSONDecoder().decode(PackageRecord.self, from: Data(bytes))
        else { return PackageRecord() }
        return record
    }

    /// Whether an update installed packages in `tree`.
    static func installs(in tree: borrowing ConfinedTree) -> Bool {
        record(of: tree).items.contains { $0.outcome == .installed }
    }

    /// Puts `record` into `tree`. An empty one is not put where there is none.
    static func put(_ record: PackageRecord, in tree: borrowing ConfinedTree) throws(HostFailure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let contents: [UInt8]
        do { contents = Array(try encoder.encode(record)) + [UInt8(ascii: "\n")] } catch {
            throw .carrying("\(error)".oneLine)
        }
        let old = try calling(tree.read(PackageStore.recordPath, limit: recordLimit))
        if old == contents || old == nil && record == PackageRecord() { return }
        try calling(
            tree.replaceFile(PackageStore.recordPath, contents: contents, permissions: 0o600))
    }

    // MARK: Files

    /// The files of the packages of `tree`, a layer, that its `base` lacks, with the time when each was there
    /// as delivered. A later change of a file has a later time, which only the kernel sets.
    static func addedFiles(
        in tree: borrowing ConfinedTree, besides base: borrowing ConfinedTree, at places: PackagePlaces
    ) -> [TreePath: FileTime] {
        guard let old = try? database(of: base, at: places.fromBase),
            let now = try? database(of: tree, at: places.from)
        else { return [:] }
        let added = now.sorted.map(\.id).filter { old.counterpart(of: $0) == nil }
        switch now.manager {
        case .dpkg: return listedFiles(of: added, in: tree)
        case .rpm: return (try? verifiedFiles(of: added, at: places.from)) ?? [:]
        }
    }

    /// dpkg writes a package's list of files after the files.
    private static func listedFiles(
        of ids: [PackageName], in tree: borrowing ConfinedTree
    ) -> [TreePath: FileTime] {
        guard let directory = try? tree.directory(PackageDatabase.listDirectory) else { return [:] }
        var files: [TreePath: FileTime] = [:]
        for id in ids {
            for name in [id.name, id.description] {
                let list = Array((name + ".list").utf8)
                guard let stamp = try? directory.stamp(at: list),
                    let text = try? directory.bytes(of: list, limit: recordLimit)
                else { continue }
                for line in text.split(separator: UInt8(ascii: "\n")) {
                    guard let path = TreePath(parsing: line) else { continue }
                    files[path] = stamp.changed
                    if let merged = path.inMergedUsr { files[merged] = stamp.changed }
                }
                break
            }
        }
        return files
    }

    /// rpm knows what each file was like: those that are so still were so when rpm was asked.
    private static func verifiedFiles(
        of ids: [PackageName], at place: HostSandbox.Lower
    ) throws(HostFailure) -> [TreePath: FileTime] {
        let (rpm, now) = (RPMTree(at: place), FileTime.now())
        let changed = try rpm.changedFiles(of: ids)
        var files: [TreePath: FileTime] = [:]
        for (name, _) in try rpm.files(of: ids) where !changed.contains(name) {
            guard let path = TreePath(parsing: name) else { continue }
            files[path] = now
            if let merged = path.inMergedUsr { files[merged] = now }
        }
        return files
    }

    /// The paths that packages made in `tree` where an update carries.
    static func madePaths(in tree: borrowing ConfinedTree) -> Set<TreePath> {
        let bytes = (try? tree.read(PackageStore.pathsPath, limit: recordLimit)) ?? []
        return Set(
            bytes.split(separator: UInt8(ascii: "\n")).compactMap {
                TreePath(escaped: String(decoding: $0, as: UTF8.self))
            })
    }

    /// Adds `made` to these, as far as an update may carry something there.
    static func addMade(_ made: [TreePath], to tree: borrowing ConfinedTree) throws(HostFailure) {
        let known = madePaths(in: tree)
        let all = known.union(made.filter(\.mayBeCarried))
        if all == known { return }
        let text = all.sorted().map { "\($0)\n" }.joined()
        try calling(
            tree.replaceFile(PackageStore.pathsPath, contents: Array(text.utf8), permissions: 0o600))
    }
}

extension TreePath {
    private static let usr = TreePath(parsing: "/usr") ?? .root
    private static let local = TreePath(parsing: "/usr/local") ?? .root
    private static let apart = ["/boot", "/var/cache", "/var/lib/dpkg", "/var/lib/imgbased", "/var/lib/rpm"]
        .compactMap { TreePath(parsing: $0) }
    private static let merged = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"].map { Array($0.utf8) }

    /// The path below `/usr` of one that goes through a link of the root, such as `/bin`; `nil` for others.
    fileprivate var inMergedUsr: TreePath? {
        guard let first = components.first, TreePath.merged.contains(first) else { return nil }
        return TreePath(parsing: TreePath.usr.bytes + bytes)
    }

    /// Whether rules may have an update carry something there.
    fileprivate var mayBeCarried: Bool {
        if TreePath.local.covers(self) { return true }
        return !TreePath.usr.covers(self) && !TreePath.apart.contains { $0.covers(self) }
    }
}

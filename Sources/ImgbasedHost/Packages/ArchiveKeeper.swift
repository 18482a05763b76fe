import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Keeps the archives that a running dpkg(1) is about to unpack, or that a running dnf(8) has unpacked.
struct ArchiveKeeper {
    let runner: CommandRunner

    /// The most archives that one run of dpkg is asked about.
    private static let limit = 20_000
    /// The longest command line, in bytes.
    private static let lineLimit = 4 << 20

    /// The archives that the process of dpkg or dnf unpacks in the running system.
    func offered(by process: Int32) async throws(HostFailure) -> [OfferedArchive] {
        if let note = try ArchiveKeeper.takeNote(of: process) {
            return try await offered(byDnf: process, DnfTransaction(note))
        }
        return try await offered(byDpkg: process)
    }

    // MARK: dpkg

    private func offered(byDpkg dpkg: Int32) async throws(HostFailure) -> [OfferedArchive] {
        let words = try ArchiveKeeper.strings("/proc/\(dpkg)/cmdline")
        let environment = try ArchiveKeeper.strings("/proc/\(dpkg)/environ")
        let isElsewhere = environment.contains {
            ["DPKG_ROOT=", "DPKG_ADMINDIR="].contains(where: $0.hasPrefix)
        }
        guard !isElsewhere, let line = DpkgCommandLine(Array(words.dropFirst())) else { return [] }
        var offered: [OfferedArchive] = []
        for path in try ArchiveKeeper.files(line, directory: "/proc/\(dpkg)/cwd") {
            // Nothing about one archive keeps the others from being kept.
            if let archive = try? await archive(path) { offered.append(archive) }
        }
        return offered
    }

    private func archive(_ path: String) async throws(HostFailure) -> OfferedArchive? {
        let format = "${Package}_${Version}_${Architecture}"
        let report = try await runner.run(Command(.dpkgDeb, ["--show", "--showformat", format, path]))
        let parts = String(decoding: report, as: UTF8.self).split(separator: "_").map(String.init)
        guard parts.count == 3 else { return nil }
        let version = parts[1].split(separator: ":", omittingEmptySubsequences: false).joined(
            separator: "%3a")
        let size = try calling(OpenFile(opening: path, O_RDONLY).status().size)
        return PackageArchive(
            fileName: "\(parts[0])_\(version)_\(parts[2]).deb", size: Bytes(size), kept: Int64(time(nil))
        ).map { OfferedArchive(path: path, $0) }
    }

    /// The paths of the archives, without links.
    private static func files(
        _ line: DpkgCommandLine, directory: String
    ) throws(HostFailure) -> [String] {
        var files: [String] = []
        for path in line.paths {
            guard let real = resolved(path, directory) else { continue }
            files += line.isRecursive ? try archives(in: real) { $0.hasSuffix(".deb") } : [real]
            guard files.count <= limit else { break }
        }
        return files
    }

    // MARK: dnf

    /// Where dnf 4 and dnf 5 put what they download, until a while after the hooks.
    private static let caches = ["/var/cache/dnf", "/var/cache/libdnf5"]

    /// What dnf's hooks noted of the process, which then is noted no more; `nil` if they noted nothing.
    private static func takeNote(of process: Int32) throws(HostFailure) -> [UInt8]? {
        let path = DnfTransaction.path(of: process)
        return try calling { () throws(SystemError) in
            let tree = try ConfinedTree("/")
            guard let note = try tree.read(path, limit: DnfTransaction.limit) else { return nil }
            try tree.removeFile(path)
            return note
        }
    }

    /// The archives of what `transaction`, the run of dnf in the process `dnf`, has installed.
    func offered(
        byDnf dnf: Int32, _ transaction: DnfTransaction
    ) async throws(HostFailure) -> [OfferedArchive] {
        let words = try ArchiveKeeper.strings("/proc/\(dnf)/cmdline")
        guard let named = DnfTransaction.archives(in: words) else { return [] }
        var paths = named.compactMap { ArchiveKeeper.resolved($0, "/proc/\(dnf)/cwd") }
        for cache in ArchiveKeeper.caches where HostSystem.isDirectory(cache) {
            paths += try ArchiveKeeper.archives(in: cache) { transaction.mayBeArchive(fileName: $0) }
        }
        var offered: [OfferedArchive] = []
        for path in paths.prefix(ArchiveKeeper.limit) {
            let query = Command(
                .rpm,
                ["--query", "--package", "--nosignature", "--queryformat", PackageDatabase.rpmFormat, path])
            // Nothing about one archive keeps the others from being kept.
            guard let listing = try? await PackageDatabase(rpm: runner.run(query)),
                let size = try? OpenFile(opening: path, O_RDONLY).status().size,
                let offer = transaction.offer(path, listing, size: Bytes(size), now: Int64(time(nil)))
            else { continue }
            offered.append(offer)
        }
        return offered
    }

    // MARK: Files

    /// The path of a file without links, as a process in `directory` names it; `nil` if there is none.
    private static func resolved(_ path: String, _ directory: String) -> String? {
        HostSystem.resolved(path.hasPrefix("/") ? path : directory + "/" + path)
    }

    /// The files in `directory` and below whose names `isArchive` takes.
    private static func archives(
        in directory: String, depth: Int = 0, _ isArchive: (String) -> Bool
    ) throws(HostFailure) -> [String] {
        guard HostSystem.isDirectory(directory) else { return [directory] }
        guard depth < 8 else { return [] }
        var found: [String] = []
        for name in try calling(ConfinedTree(directory).names(in: "/")).sorted() {
            guard let real = HostSystem.resolved(directory + "/" + name) else { continue }
            if HostSystem.isDirectory(real) {
                found += try archives(in: real, depth: depth + 1, isArchive)
            } else if isArchive(name) {
                found.append(real)
            }
        }
        return found
    }

    /// The strings in a file of proc(5), in which a zero byte ends each.
    private static func strings(_ path: String) throws(HostFailure) -> [String] {
        let bytes = try calling(OpenFile(opening: path, O_RDONLY).readAll(limit: lineLimit))
        return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Copies the archive at `path` to its place in the running layer, whole before it has its name.
    static func keep(_ path: String, as archive: PackageArchive) throws(SystemError) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let name = Array(path[path.index(after: slash)...].utf8)
        let source = try ConfinedTree(slash == path.startIndex ? "/" : String(path[..<slash])).directory()
        let tree = try ConfinedTree("/")
        try tree.makePrivateDirectory(PackageStore.directory)
        let attributes = NodeAttributes(
            owner: 0, group: 0, permissions: 0o644, modified: FileTime(seconds: archive.kept))
        try tree.directory(PackageStore.directory).copy(
            name, in: source, as: Array(archive.fileName.utf8), attributes, isFlushed: true)
    }
}

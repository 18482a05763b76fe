import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Keeps the archives that a running dpkg(1) is about to unpack.
struct ArchiveKeeper {
    let runner: CommandRunner

    /// The most archives that one run of dpkg is asked about.
    private static let limit = 20_000
    /// The longest command line, in bytes.
    private static let lineLimit = 4 << 20

    /// The archives that the process `dpkg` is about to unpack in the running system.
    func offered(by dpkg: Int32) async throws(HostFailure) -> [OfferedArchive] {
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
            let whole = path.hasPrefix("/") ? path : directory + "/" + path
            guard let real = HostSystem.resolved(whole) else { continue }
            files += line.isRecursive ? try archives(in: real, depth: 0) : [real]
            guard files.count <= limit else { break }
        }
        return files
    }

    private static func archives(in directory: String, depth: Int) throws(HostFailure) -> [String] {
        guard HostSystem.isDirectory(directory) else { return [directory] }
        guard depth < 8 else { return [] }
        var found: [String] = []
        for name in try calling(ConfinedTree(directory).names(in: "/")).sorted() {
            guard let real = HostSystem.resolved(directory + "/" + name) else { continue }
            if HostSystem.isDirectory(real) {
                found += try archives(in: real, depth: depth + 1)
            } else if name.hasSuffix(".deb") {
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

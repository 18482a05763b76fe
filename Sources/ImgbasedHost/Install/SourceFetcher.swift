import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Fetches the files of an unattended installation into a directory that only root can read.
struct SourceFetcher {
    let directory: String
    let runner: CommandRunner

    /// The sizes are in bytes.
    private static let limit = 64 << 10
    private static let overlayLimit = 1 << 30

    /// Fetches `source` and returns its path; `name` is free in the directory.
    ///
    /// A password file that others can read, as on a medium, is copied. An overlay can be an archive of
    /// tar(1).
    func fetch(
        _ source: UnattendedInstallation.Source, as name: String
    ) async throws(HostFailure) -> String {
        let place = source.place
        if source.option == "overlay" { return try await overlay(place, as: name) }
        guard let contents = try contents(of: place) else {
            throw .system(SystemError("read", place, errno: 2))
        }
        try calling(ConfinedTree(directory).replaceFile("/" + name, contents: contents, permissions: 0o600))
        return "\(directory)/\(name)"
    }

    private func contents(of place: String) throws(HostFailure) -> [UInt8]? {
        if OpenedImage.isRemote(place) {
            return try Download.contents(place, limit: SourceFetcher.limit, for: place)
        }
        return try calling { () throws(SystemError) in
            try OpenFile.plain(at: place)?.readAll(limit: SourceFetcher.limit)
        }
    }

    private func overlay(_ place: String, as name: String) async throws(HostFailure) -> String {
        var archive = place
        let file = try calling(HostTemporary.file())
        if OpenedImage.isRemote(place) {
            guard try Download.fetch(place, to: file, limit: SourceFetcher.overlayLimit, for: place) else {
                throw .system(SystemError("read", place, errno: 2))
            }
            archive = file.processPath
        } else if HostSystem.isDirectory(place) {
            return place
        }
        try calling(ConfinedTree(directory).makePrivateDirectory("/" + name))
        let tree = "\(directory)/\(name)"
        try await runner.run(
            Command(.tar, ["--extract", "--no-same-owner", "--file", archive, "--directory", tree]))
        return tree
    }
}

import Foundation

/// SHA-256 digests in hexadecimal, made by `sha256sum`.
enum Digest {
    /// A digest of `texts`, each with its length, so that different lists differ.
    static func of(_ texts: [String]) throws -> String {
        let scratch = try BuildDirectory.makeScratch("digest")
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let joined = texts.map { "\($0.utf8.count)\n\($0)\n" }.joined()
        try joined.write(toFile: scratch + "/input", atomically: false, encoding: .utf8)
        return String(try HostCommand.run("sha256sum", scratch + "/input").prefix(64))
    }

    /// A digest of all names, types, modes and contents below `directory`, without times and owners.
    static func ofTree(_ directory: String) throws -> String {
        try of([
            HostCommand.run("find", directory, "-mindepth", "1", "-printf", "%P\\t%y\\t%m\\t%l\\n")
                .split(separator: "\n").sorted().joined(separator: "\n"),
            HostCommand.run(
                "sh", "-c", "cd \"$1\" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum",
                "sh",
                directory),
        ])
    }

    /// A digest of the file `path`.
    static func ofFile(_ path: String) throws -> String {
        String(try HostCommand.run("sha256sum", path).prefix(64))
    }
}

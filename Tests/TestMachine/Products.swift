import Foundation

/// What `make install` installs, as it is to lie in a root tree.
enum Products {
    /// Installs into `directory`. Everything must have been built.
    static func install(into directory: String) throws {
        // Not a part of the `make` that may have started the tests.
        try HostCommand.run(
            "make", "-C", BuildDirectory.project, "install", "DESTDIR=" + directory,
            environment: ["MAKEFLAGS": "", "MAKELEVEL": ""])
    }

    /// A digest of all that would be installed.
    static func digest() throws -> String {
        let directory = try BuildDirectory.makeScratch("products")
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try install(into: directory)
        return try Digest.ofTree(directory)
    }
}

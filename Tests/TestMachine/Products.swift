import Foundation

/// The files that `make install` installs, as in a root tree.
enum Products {
    /// Installs into `directory`. All products must be built.
    static func install(into directory: String) throws {
        // Do not inherit the variables of a `make` that started the tests.
        try HostCommand.run(
            "make", "-C", BuildDirectory.project, "install", "DESTDIR=" + directory,
            environment: ["MAKEFLAGS": "", "MAKELEVEL": ""])
    }

    /// A digest of all files to install.
    static func digest() throws -> String {
        let directory = try BuildDirectory.makeScratch("products")
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try install(into: directory)
        return try Digest.ofTree(directory)
    }
}

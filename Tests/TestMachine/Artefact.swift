import Foundation

/// What is made once and kept in the build directory, under a name that says what it was made from: another
/// input is another name, and a name is there only when its content is complete.
struct Artefact {
    /// What it is; one of a kind is kept.
    let kind: String
    /// A digest of everything it is made from.
    let key: String
    /// Makes it, in the new directory that it is given.
    let make: (_ directory: String) throws -> Void

    /// Its directory, with `make` called first if it is not there, or if `anew`.
    ///
    /// - Precondition: the caller holds the build directory (`BuildDirectory.locked`).
    func obtain(anew: Bool = false) throws -> String {
        let files = FileManager.default
        let name = "\(kind)-\(key)"
        let result = BuildDirectory.path + "/" + name
        if !anew, files.fileExists(atPath: result) { return result }
        for other in try files.contentsOfDirectory(atPath: BuildDirectory.path)
        where other.hasPrefix(kind + "-") {
            try files.removeItem(atPath: BuildDirectory.path + "/" + other)
        }
        let scratch = try BuildDirectory.makeScratch(kind)
        do {
            try make(scratch)
            try files.moveItem(atPath: scratch, toPath: result)
        } catch {
            try? files.removeItem(atPath: scratch)
            throw error
        }
        return result
    }
}

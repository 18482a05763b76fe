import Foundation

/// A directory in the build directory, made once and named after its inputs.
///
/// Different inputs give a different name. A directory with that name exists only if its content is complete.
struct Artefact {
    /// The kind, the start of the name. One directory of each kind is kept.
    let kind: String
    /// A digest of all inputs, the end of the name.
    let key: String
    /// Makes the content in `directory`, which is new.
    let make: (_ directory: String) throws -> Void

    /// The directory of the artefact; calls `make` first if it is missing or `anew` is set.
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
        // It can take minutes.
        FileHandle.standardError.write(Data("making \(name)\n".utf8))
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

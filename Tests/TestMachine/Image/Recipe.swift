import Foundation

/// The recipe of an image: packages, files, users and sizes, in one directory that a user changes.
struct Recipe: Sendable {
    /// The path of the directory.
    let path: String

    /// The path of the directory with the scripts that follow a recipe.
    static let scripts = BuildDirectory.project + "/packaging/image"

    /// The recipe in the directory that `RECIPE` in the environment names, or the project's.
    static var current: Recipe {
        let named = ProcessInfo.processInfo.environment["RECIPE"] ?? ""
        return Recipe(path: named.isEmpty ? scripts + "/recipe" : URL(filePath: named).path)
    }

    /// The sizes of the disk, of `/boot` and of the base, each with its unit.
    func sizes() throws -> (disk: String, boot: String, base: String) {
        let script = #". "$1"; echo "$disk" "$boot" "$base""#
        let sizes = try HostCommand.run("sh", "-euc", script, "sh", path + "/sizes").split { $0.isWhitespace }
        guard sizes.count == 3 else {
            throw MachineError.unexpected("'\(path)/sizes' does not set 'disk', 'boot' and 'base'")
        }
        return (String(sizes[0]), String(sizes[1]), String(sizes[2]))
    }
}

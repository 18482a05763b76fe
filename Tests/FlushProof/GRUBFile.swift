import TestMachine

/// A file read by GRUB's own drivers, which ignore the journal.
struct GRUBFile {
    private let path: String
    private let image: String
    private static let limit = Duration.minutes(1)

    /// The file `path` of the file system in `image`.
    init(_ path: String, in image: String) {
        self.path = "(loop0)" + path
        self.image = image
    }

    /// The content; empty if the file does not exist.
    var text: String {
        get throws {
            try HostCommand.result(["grub-fstest", image, "cat", path], within: GRUBFile.limit).output
        }
    }

    /// The sectors; empty if the file does not exist or GRUB cannot read it.
    var sectors: [Range<Int>] {
        get throws {
            let (status, text) = try HostCommand.result(
                ["grub-fstest", image, "blocklist", path], within: GRUBFile.limit)
            guard status == 0 else { return [] }
            return text.split(separator: ",").compactMap { place in
                let numbers = place.split { !$0.isNumber }.compactMap { Int($0) }
                return numbers.count >= 2 ? numbers[0]..<numbers[0] + numbers[1] : nil
            }
        }
    }

    /// SHA-256 of the content.
    var digest: String {
        get throws {
            let script = "set -o pipefail; grub-fstest \"$1\" cat \"$2\" | sha256sum"
            let (status, text) = try HostCommand.result(
                ["bash", "-c", script, "bash", image, path], within: GRUBFile.limit)
            return status == 0 ? String(text.prefix(64)) : "unreadable"
        }
    }

    /// The paths of the kernels and the initramfs in `image`.
    static func largeFiles(in image: String) throws -> [String] {
        let (_, text) = try HostCommand.result(
            ["grub-fstest", image, "ls", "(loop0)/imgbased/"], within: limit)
        return text.split { $0.isWhitespace || $0 == "/" }.filter { $0.count == 64 }
            .flatMap { ["/imgbased/\($0)/linux", "/imgbased/\($0)/initrd"] }
    }
}

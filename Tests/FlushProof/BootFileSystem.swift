import Foundation
import TestMachine

/// The kind of file system of /boot on a host with GRUB.
enum BootFileSystem: String {
    case ext4
    case xfs

    /// Detects the file system in `image`.
    init(of image: String) throws {
        let type = try HostCommand.run("blkid", "-o", "value", "-s", "TYPE", image)
        guard let known = BootFileSystem(rawValue: type.trimmingCharacters(in: .whitespacesAndNewlines))
        else {
            throw MachineError.unexpected("no way to judge a /boot that is \(type)")
        }
        self = known
    }

    /// The sectors of the journal.
    func journal(of image: String) throws -> [Range<Int>] {
        switch self {
        case .ext4: return try ExtBlocks(of: image).sectors(ofFile: "<8>")
        case .xfs:
            let keys = ["logstart", "logblocks", "blocksize", "agblocks", "agblklog"]
            let text = try HostCommand.run(
                "xfs_db", "-r", "-c", "sb 0", "-c", "print \(keys.joined(separator: " "))", image)
            let values = text.split(separator: "\n").compactMap { line in
                line.split(separator: " ").last.flatMap { Int($0) }
            }
            guard values.count == keys.count else { throw MachineError.unexpected(text) }
            let block = (values[0] >> values[4]) * values[3] + values[0] & ((1 << values[4]) - 1)
            let sectors = values[2] / WriteLog.sector
            return [block * sectors..<(block + values[1]) * sectors]
        }
    }

    /// Whether the journal of `image` has anything to replay.
    ///
    /// The log of XFS always counts as pending: only a mount can tell.
    func isPending(in image: String) throws -> Bool {
        guard self == .ext4 else { return true }
        let text = try HostCommand.run("dumpe2fs", "-h", image)
        let start = text.split(separator: "\n").first { $0.hasPrefix("Journal start:") }
        return start.map { !$0.hasSuffix(" 0") } ?? false
    }

    /// Replays the journal of `image` as a boot does.
    ///
    /// Returns the cause if the replay fails or leaves damage; otherwise `nil`.
    func settle(_ image: String) throws -> String? {
        switch self {
        case .ext4: return try FileSystem.damage(in: image)
        case .xfs:
            let place = image + ".mounted"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            let (mounted, told) = try HostCommand.result(
                ["mount", "-t", "xfs", "-o", "loop,nouuid", image, place], within: .minutes(2))
            guard mounted == 0 else { return "mount: \(told)" }
            try HostCommand.run("umount", place)
            let (checked, found) = try HostCommand.result(
                ["xfs_repair", "-n", "-f", image], within: .minutes(2))
            return checked == 0 ? nil : "xfs_repair -n: \(found.suffix(200))"
        }
    }
}

import FoundationEssentials
import ImgbasedCore
public import ImgbasedHostCore

/// What `findmnt -J` says of the mounts.
public struct MountReport: Sendable {
    /// Asks for all file systems that are on something.
    public static let command = Command(
        .findmnt, ["--json", "--list", "--output", "TARGET,SOURCE,FSTYPE,UUID"])

    /// A mounted file system.
    public struct Mount: Decodable, Hashable, Sendable {
        /// Where it is mounted.
        public var target: String
        /// What it is on.
        public var source: String?
        /// Its type.
        public var fstype: String?
        /// Its UUID.
        public var uuid: String?
    }

    private struct Report: Decodable {
        var filesystems: [Mount]
    }

    /// The mounts, in the order they were made.
    public var mounts: [Mount]

    /// The mounts of a report.
    public init(_ json: [UInt8]) throws(HostFailure) {
        do {
            mounts = try JSONDecoder().decode(Report.self, from: Data(json)).filesystems
        } catch {
            throw .report(.findmnt, reason: "\(error)".oneLine)
        }
    }

    /// What is mounted at `target` now: the last of several. What systemd mounts when it is looked at does not count.
    public func at(_ target: String) -> Mount? {
        mounts.last { $0.target == target && $0.fstype != "autofs" }
    }
}

import FoundationEssentials
import ImgbasedCore
public import ImgbasedHostCore

/// The mounts, as `findmnt -J` reports them.
public struct MountReport: Sendable {
    /// Asks for all mounted file systems.
    public static let command = Command(
        .findmnt, ["--json", "--list", "--output", "TARGET,SOURCE,FSTYPE,UUID"],
        about: "the mounted file systems")

    /// A mounted file system, with findmnt's names.
    public struct Mount: Decodable, Hashable, Sendable {
        /// The mount point.
        public var target: String
        /// The device or other source; `nil` if there is none.
        public var source: String?
        /// The type, such as `ext4`.
        public var fstype: String?
        /// The UUID of the file system; `nil` if it has none.
        public var uuid: String?
    }

    private struct Report: Decodable {
        var filesystems: [Mount]
    }

    /// The mounts, in the order they were made.
    public var mounts: [Mount]

    /// Parses a report of ``command``.
    public init(_ json: [UInt8]) throws(HostFailure) {
        do {
            mounts = try JSONDecoder().decode(Report.self, from: Data(json)).filesystems
        } catch {
            throw .report(.findmnt, reason: "\(error)".oneLine)
        }
    }

    /// The last mount at `target`; `nil` if there is none. An automount that systemd awaits does not count.
    public func at(_ target: String) -> Mount? {
        mounts.last { $0.target == target && $0.fstype != "autofs" }
    }
}

import ImgbasedCore

/// A volume by group and name.
public struct VolumePath: Hashable, Sendable, CustomStringConvertible {
    /// The volume group.
    public var group: String
    /// The volume.
    public var name: String

    /// Volume `name` of `group`.
    public init(group: String, name: String) {
        self.group = group
        self.name = name
    }

    /// As lvm2's commands take it: `HostVG/Base-0.1`.
    public var description: String { "\(group)/\(name)" }

    /// Its device: `/dev/HostVG/Base-0.1`.
    public var device: String { "/dev/\(group)/\(name)" }
}

import ImgbasedCore

/// The group and the name of a volume.
public struct VolumePath: Hashable, Sendable, CustomStringConvertible {
    /// The name of the volume group.
    public var group: String
    /// The name of the volume in the group.
    public var name: String

    /// Volume `name` of `group`.
    public init(group: String, name: String) {
        self.group = group
        self.name = name
    }

    /// The form that lvm2's commands accept: `HostVG/Base-0.1`.
    public var description: String { "\(group)/\(name)" }

    /// The path of the device: `/dev/HostVG/Base-0.1`.
    public var device: String { "/dev/\(group)/\(name)" }
}

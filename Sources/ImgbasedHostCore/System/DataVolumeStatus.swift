import ImgbasedCore

/// A data volume, as shown to the user.
public struct DataVolumeStatus: Hashable, Sendable {
    /// The volume.
    public var data: DataVolume
    /// Whether every layer mounts it.
    public var isAttached: Bool
    /// Whether the running system should have it mounted and has not.
    public var isMissing: Bool

    /// The data volumes of `group` on the host in `state`, in the order of their places.
    public static func all(_ state: HostState, group: String) -> [DataVolumeStatus] {
        let attached = Set(state.attachedVolumes(group).map(\.path))
        return state.dataVolumes(group).map { data in
            let isAttached = attached.contains(data.path)
            return DataVolumeStatus(
                data: data, isAttached: isAttached,
                isMissing: isAttached && state.booted != nil && !data.volume.isOpen)
        }
    }

    /// The volume in one line.
    public var line: String {
        let volume = data.volume
        let parts: [String?] = [
            "volume \(volume.name)", volume.size.formatted, volume.data.map { "\($0.formatted) of data" },
            mark,
        ]
        return "\(data.place) (\(parts.compactMap { $0 }.joined(separator: ", ")))"
    }

    /// The state of the volume in words.
    var mark: String { isMissing ? "not mounted" : isAttached ? "attached" : "detached" }

    /// The problem of a volume that is not mounted, with the remedy; `nil` if it has none.
    var warning: String? {
        isMissing
            ? "volume '\(data.path)' is not mounted at '\(data.place)'; mount it with 'mount \(data.place)', after a look "
                + "at 'systemctl --failed'" : nil
    }
}

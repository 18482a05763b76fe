/// The users of volumes, which the volumes' own sections do not show.
///
/// For example, the section of a snapshot's origin looks like that of a plain volume.
struct VolumeUsers {
    private let volumes: Set<String>
    private let group: VolumeGroup

    /// Looks for users of those `volumes` of `group` that devices are made of.
    init(of volumes: Set<String>, in group: VolumeGroup) {
        self.volumes = volumes
        self.group = group
    }

    /// Throws if a user of the volumes may change what their devices are.
    func check() throws(Refusal) {
        for volume in group.logicalVolumes { try check(volume.segments, of: volume.name) }
        for volume in group.unreadVolumes { try check(volume.segments, of: volume.name) }
    }

    private func check(_ segments: [Segment], of user: String) throws(Refusal) {
        for segment in segments {
            for mention in segment.mentions where volumes.contains(mention.name) {
                if segments.count == 1 || !segment.isOfWholeVolume, isHarmless(mention, in: segment, of: user)
                {
                    continue
                }
                throw Refusal(
                    "volume '\(group.name)/\(mention.name)' is used by '\(user)' (\(segment.type), \(mention.key))"
                )
            }
        }
    }

    private func isHarmless(_ mention: Segment.Mention, in segment: Segment, of user: String) -> Bool {
        switch segment.kind {
        case .striped:
            return mention.key == "stripes" && group.physicalVolume(mention.name) != nil
        case .thin:
            // No device was made of a volume that cannot be read.
            let isRead = group.volume(user)?.thin != nil
            switch mention.key {
            // Any volume in the pool is harmless, and so is a name that is no pool.
            case "thin_pool": return true
            // History, once the volume is made.
            case "origin": return true
            // The device was made as an external origin. Pools and their parts are not.
            case "external_origin":
                return isRead && group.volume(mention.name)?.isFitForExternalOrigin ?? false
            // The device was made of the other volume's content.
            case "merge": return isRead && group.volume(mention.name)?.thin != nil
            default: return false
            }
        case .thinPool(let pool):
            switch mention.key {
            // The pool's own parts: another pool that claims them is not harmless.
            case "metadata": return volumes.contains(user) && mention.name == pool.metadata
            case "pool": return volumes.contains(user) && mention.name == pool.data
            // A message to the pool.
            default: return pool.messages.contains(.create(mention.name))
            }
        case .snapshot:
            // The devices are made together.
            return volumes.contains(user)
        case .other:
            return false
        }
    }
}

extension Segment {
    /// Whether such a segment must be the only one of its volume.
    fileprivate var isOfWholeVolume: Bool {
        switch kind {
        case .thin, .thinPool, .snapshot: true
        case .striped, .other: false
        }
    }
}

extension LogicalVolume {
    /// Whether thin volumes outside its pool can read it for blocks they do not hold.
    var isFitForExternalOrigin: Bool {
        isVisible && isReadOnly && thinPool == nil
    }
}

/// Who makes use of volumes, which their own sections do not show: an origin of a snapshot looks like a plain volume there.
struct VolumeUsers {
    private let volumes: Set<String>
    private let group: VolumeGroup

    /// Who makes use of `volumes` of `group`, of which devices are made.
    init(of volumes: Set<String>, in group: VolumeGroup) {
        self.volumes = volumes
        self.group = group
    }

    /// Throws where a volume makes use of them that may change what their devices are.
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
            // Of a volume that cannot be read, nothing was made.
            let isRead = group.volume(user)?.thin != nil
            switch mention.key {
            // Whatever is in the pool, or is no pool.
            case "thin_pool": return true
            // History, once the volume is made.
            case "origin": return true
            // It was made as one. Pools and their parts are not.
            case "external_origin":
                return isRead && group.volume(mention.name)?.isFitForExternalOrigin ?? false
            // It was made of the other's content.
            case "merge": return isRead && group.volume(mention.name)?.thin != nil
            default: return false
            }
        case .thinPool(let pool):
            switch mention.key {
            // A pool's own parts: another pool that claims them is not harmless.
            case "metadata": return volumes.contains(user) && mention.name == pool.metadata
            case "pool": return volumes.contains(user) && mention.name == pool.data
            // A message to it.
            default: return pool.messages.contains(.create(mention.name))
            }
        case .snapshot:
            // They are made together.
            return volumes.contains(user)
        case .other:
            return false
        }
    }
}

extension Segment {
    /// Whether there can be no other beside it.
    fileprivate var isOfWholeVolume: Bool {
        switch kind {
        case .thin, .thinPool, .snapshot: true
        case .striped, .other: false
        }
    }
}

extension LogicalVolume {
    /// Whether thin volumes outside its pool can read it where they hold nothing themselves.
    var isFitForExternalOrigin: Bool {
        isVisible && isReadOnly && thinPool == nil
    }
}

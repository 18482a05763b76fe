/// The role of a volume, by its tags and its name.
public enum VolumeRole: Hashable, Sendable {
    /// A root file system as delivered.
    case base
    /// A volume that is booted.
    case layer

    /// The role of the volume `name` with `tags`; `nil` if they tell none.
    ///
    /// oVirt's imgbased makes the first base of a host as it makes a layer, and tags it as one (imgbase.py,
    /// `_add_lvm_snapshot`); it tells them apart by their names (naming.py, `Image.from_nvr`). A layer of
    /// ours has the name of its base in a tag.
    public init?(name: String, tags: some Sequence<String>) {
        var (isBase, isLayer, isOurs) = (false, false, false)
        for tag in tags {
            isBase = isBase || tag == Tag.base
            isLayer = isLayer || tag == Tag.layer
            isOurs = isOurs || tag.hasPrefix(Tag.originPrefix)
        }
        if isBase {
            self = .base
        } else if isLayer {
            let limit = VolumeName.readLimit
            let hasNameOfBase =
                (try? LayerName(name, limit: limit)) == nil && (try? BaseName(name, limit: limit)) != nil
            self = hasNameOfBase && !isOurs ? .base : .layer
        } else {
            return nil
        }
    }
}

/// The LVM tags that tell imgbased the role of a volume group or volume; for volumes, tags are the truth.
public enum Tag {
    /// The prefix of every tag.
    public static let prefix = "imgbased:"
    /// On the volume group.
    public static let volumeGroup = "imgbased:vg"
    /// On the thin pool.
    public static let pool = "imgbased:pool"
    /// On a base.
    public static let base = "imgbased:base"
    /// On a layer.
    public static let layer = "imgbased:layer"
    /// On a volume from its creation until its content is complete and flushed.
    ///
    /// A volume that still has the tag after a crash is debris: it is never booted, and the next run removes
    /// it.
    public static let building = "imgbased:building"
    /// On a complete layer until the boot menu offers it.
    ///
    /// The next run adds the menu entry, so that a command interrupted by a power cut has the same result.
    public static let unlisted = "imgbased:unlisted"
    /// On a base or layer being removed, until it is gone; on a base the tag also means its layers.
    ///
    /// The volume is whole to the end, but nothing new is made from it. The next run of the same command, or
    /// `imgbase recover`, completes the removal.
    public static let removing = "imgbased:removing"
    /// On a base that is not removed to make room.
    public static let pinned = "imgbased:pinned"

    /// On a base that an update has written, until the update is complete.
    ///
    /// If the base has no layer after a crash, it is debris.
    public static let updating = "imgbased:updating"

    /// Prefix of the SHA-256, in lower-case hexadecimal, of the image that a base was written from.
    public static let digestPrefix = "imgbased:sha256="
    /// Prefix of the length in bytes of the image that a base was written from.
    ///
    /// The digest covers this part of the volume; the rest is zero.
    public static let lengthPrefix = "imgbased:bytes="
    /// Prefix of the name of the base that a layer was created from.
    public static let originPrefix = "imgbased:of="
    /// Prefix of the name of the layer whose configuration was carried into this one, until the first boot.
    ///
    /// Changes made in the named layer until then are carried too.
    public static let carriedPrefix = "imgbased:carried="
    /// On a layer with `carriedPrefix` whose source system has shut down in order: no change followed there.
    public static let settled = "imgbased:settled"
    /// On a layer with changes that an update did not carry, until the administrator has acknowledged them.
    ///
    /// Such a layer is removed to make room only if there is no other room.
    public static let left = "imgbased:left"

    /// On a data volume, complete or not.
    public static let dataVolume = "imgbased:volume"
    /// Prefix of the path at which layers mount a data volume, as `DataPlace` writes it.
    public static let pathPrefix = "imgbased:path="
    /// On a data volume that every layer mounts.
    public static let attached = "imgbased:attached"
    /// On an attached data volume without files: those of the next new layer are copied to it.
    public static let fresh = "imgbased:fresh"
    /// Prefix of the name of the layer whose files are in a new data volume, until the volume is attached.
    ///
    /// If that layer's table mounts the volume, the volume has taken the place of the files; otherwise it is
    /// debris.
    public static let movedPrefix = "imgbased:moved="
}

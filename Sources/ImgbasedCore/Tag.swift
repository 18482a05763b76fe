/// The LVM tags that say what a volume group or a volume is to imgbased. Tags are the truth about volumes.
public enum Tag {
    /// What all of them begin with.
    public static let prefix = "imgbased:"
    /// On the volume group.
    public static let volumeGroup = "imgbased:vg"
    /// On the thin pool.
    public static let pool = "imgbased:pool"
    /// On a base.
    public static let base = "imgbased:base"
    /// On a layer.
    public static let layer = "imgbased:layer"
    /// On a volume from its creation until its content is complete and flushed. What still carries it after a
    /// crash is debris: never booted, removed by the next run.
    public static let building = "imgbased:building"
    /// On a complete layer until the boot menu offers it. The next run finishes that, so that a command whose
    /// power was cut ends as if it had not been.
    public static let unlisted = "imgbased:unlisted"
    /// On a base or layer that is being removed, until it is gone; on a base it means its layers as well. It is whole to
    /// the end, but nothing new is made of it. The next run of the same command, or `imgbase recover`, finishes that.
    public static let removing = "imgbased:removing"
    /// On a base that is not removed to make room.
    public static let pinned = "imgbased:pinned"

    /// On a base that an update has written, until the update is complete. Where it has no layer after a crash, it is debris.
    public static let updating = "imgbased:updating"

    /// Before the SHA-256, in lower-case hexadecimal, of the image a base was written from.
    public static let digestPrefix = "imgbased:sha256="
    /// Before the length in bytes of the image a base was written from: the digest covers that much of the
    /// volume, and what follows is zero.
    public static let lengthPrefix = "imgbased:bytes="
    /// Before the name of the base a layer came from.
    public static let originPrefix = "imgbased:of="
    /// Before the name of the layer whose configuration was carried into this one, until it is booted for the first time:
    /// what is changed there until then is carried as well.
    public static let carriedPrefix = "imgbased:carried="
    /// On such a layer when the system from which it was carried has shut down in order: nothing was changed there afterwards.
    public static let settled = "imgbased:settled"
}

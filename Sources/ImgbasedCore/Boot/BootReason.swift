/// Why the boot loader booted this layer, from `rd.imgbased.reason=`.
public enum BootReason: String, Hashable, Sendable, CaseIterable {
    /// The user picked it in the menu.
    case menu
    /// It is the default.
    case `default` = "default"
    /// It was requested for one boot.
    case once
    /// It is on trial.
    case trial
    /// It was the last to come up healthy, and the layer to be booted is not offered.
    case good
    /// It is the newest layer known to be good or, if none is, the newest not known to be bad.
    case best
    /// The layer to be booted could not be loaded.
    case fallback
    /// It is only looked at.
    case rescue
}

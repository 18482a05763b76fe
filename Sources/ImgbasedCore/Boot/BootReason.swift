/// Why the boot loader booted this layer, as `rd.imgbased.reason=` tells it.
public enum BootReason: String, Hashable, Sendable, CaseIterable {
    /// Somebody picked it in the menu.
    case menu
    /// It is the default.
    case `default` = "default"
    /// It was asked for once.
    case once
    /// It is on trial.
    case trial
    /// It was the last to come up healthy, and what was to be booted is not offered.
    case good
    /// It is the newest of those known to be good or, where there is none, of those not known to be bad.
    case best
    /// What was to be booted could not be loaded.
    case fallback
    /// It is only looked at.
    case rescue
}

import ImgbasedCore

/// What the administrator should know about a unit.
public enum UnitNote: Hashable, Sendable, CustomStringConvertible {
    /// The new base enables the unit in a way that the old base did not; it stays disabled.
    case staysDisabled(unit: [UInt8])
    /// The old layer enables the unit, and nothing has it any more.
    ///
    /// The links are carried all the same.
    case missing(unit: [UInt8])
    /// The administrator and the new base changed this link; the administrator's is kept.
    ///
    /// `theirs` is the target in the new base; `nil` if the link is not there.
    case bothChanged(TreePath, theirs: [UInt8]?)
    /// The old layer enables the unit, and the new base newly masks it with this link.
    ///
    /// The unit stays enabled, and the link is left out.
    case staysEnabled(unit: [UInt8], TreePath)
    /// The same, but the mask stays: it is not in `/etc`, or has a rule.
    case masked(unit: [UInt8], TreePath)
    /// The old layer links here to a unit that is neither carried nor in the new base.
    ///
    /// The link is carried all the same.
    case dangling(TreePath, target: [UInt8])

    /// The note in one line.
    public var description: String {
        switch self {
        case .staysDisabled(let unit):
            "unit '\(EscapedText.escaped(unit))' was disabled here and stays disabled; the new base enables it anew"
        case .missing(let unit):
            "unit '\(EscapedText.escaped(unit))' was enabled here, and the new base does not have it; disable it, "
                + "or install it again"
        case .bothChanged(let path, let theirs):
            "'\(path)' was changed here and in the new base; it stays as it was here; the new base "
                + (theirs.map { "has a link to '\(EscapedText.escaped($0))'" } ?? "has none")
        case .staysEnabled(let unit, let path):
            "unit '\(EscapedText.escaped(unit))' was enabled here, and the new base masks it with '\(path)'; it stays enabled, "
                + "without the mask"
        case .masked(let unit, let path):
            "unit '\(EscapedText.escaped(unit))' was enabled here, and the new base masks it with '\(path)', so that it does "
                + "not start; disable it, or give it a unit file in '/etc'"
        case .dangling(let path, let target):
            "'\(path)' is a link to the unit '\(EscapedText.escaped(target))', which is not carried, and which the new base "
                + "does not have; put it on a list, or disable it"
        }
    }
}

/// The version of imgbased; CHANGELOG.md names the same one.
public enum Version {
    /// The version as `MAJOR.MINOR.PATCH`.
    public static let current = "0.1.0"
}

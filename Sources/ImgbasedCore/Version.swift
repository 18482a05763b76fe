/// The version of imgbased; CHANGELOG.md has the same.
public enum Version {
    /// As `MAJOR.MINOR.PATCH`.
    public static let current = "0.1.0"
}

/// The answers of the administrator to the questions of packages, which debconf keeps (debconf.conf(5)).
public enum DebconfAnswers {
    /// The files with the answers, and with the questions that they belong to; the second is closed to users.
    public static let paths = [
        "/var/cache/debconf/config.dat", "/var/cache/debconf/passwords.dat",
        "/var/cache/debconf/templates.dat",
    ]
    /// The longest of these files that is read, in bytes.
    public static let limit = ControlText.limit

    /// The file `new` of the new layer, with what only `old` of the old layer has.
    public static func joined(_ new: [UInt8], _ old: [UInt8]) -> [UInt8] {
        ControlText.joined(new, old, by: "Name")
    }
}

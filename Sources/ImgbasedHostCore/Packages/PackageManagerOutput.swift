/// What dpkg(1) says when it fails.
public enum PackageManagerOutput {
    /// The beginnings of lines in which dpkg tells of its work.
    private static let progress = [
        "(Reading", "Preparing to unpack", "Processing triggers", "Selecting previously", "Setting up",
        "Unpacking",
    ]

    /// The cause in `text`, the end of dpkg's output, in a few words; `nil` if it names none.
    ///
    /// dpkg tells how a script of a package ended, and the line before may tell why.
    public static func cause(_ text: String) -> String? {
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        guard
            let start = lines.firstIndex(where: {
                $0.hasPrefix("dpkg: error") || $0.hasPrefix("dpkg: dependency problems")
                    || $0.contains("pre-dependency problem")
            })
        else { return nil }
        // The lines that explain an error are indented.
        let rest = lines[(start + 1)...].prefix { $0.hasPrefix(" ") }.prefix(3)
        let cause = ([lines[start]] + rest).map(\.trimmed).joined(separator: " ")
        guard let before = lines[..<start].last, !progress.contains(where: before.hasPrefix) else {
            return cause
        }
        return "\(cause); it said: \(before.trimmed)"
    }
}

/// The command line of a running dpkg(1), as far as it tells which archives are unpacked.
///
/// dpkg's hooks get no names (dpkg(1), `--pre-invoke`). apt and others call dpkg as well.
public struct DpkgCommandLine: Hashable, Sendable {
    /// The archives, or directories with them if `isRecursive`, as typed.
    public private(set) var paths: [String] = []
    /// Whether the archives are in directories.
    public private(set) var isRecursive = false

    private static let withValue: Set<String> = [
        "--status-fd", "--status-logger", "--log", "--path-exclude", "--path-include", "--verify-format",
        "--pre-invoke", "--post-invoke", "--ignore-depends", "--abort-after", "--debug", "--command-fd",
    ]
    /// Options after which the archives are for another tree, or nothing is done.
    private static let elsewhere: Set<String> = [
        "--root", "--instdir", "--admindir", "--no-act", "--dry-run", "--simulate",
    ]

    /// Reads `words`, without the name of the program; `nil` if nothing is unpacked in the running system.
    public init?(_ words: [String]) {
        var unpacks = false
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                paths += rest
                break
            }
            let name = word.hasPrefix("--") ? String(word.prefix { $0 != "=" }) : word
            switch name {
            case "--install", "--unpack", "-i": unpacks = true
            case "--recursive", "-R": isRecursive = true
            case _ where DpkgCommandLine.elsewhere.contains(name): return nil
            case _ where DpkgCommandLine.withValue.contains(name):
                if name == word { _ = rest.popFirst() }
            case _ where word.hasPrefix("--"): break
            case _ where word.hasPrefix("-") && word.utf8.count > 1:
                // Options of one letter can stand together. -D and -a have a value, perhaps as the next word.
                for (index, letter) in word.dropFirst().enumerated() {
                    if letter == "i" { unpacks = true }
                    if letter == "R" { isRecursive = true }
                    if letter == "D" || letter == "a" {
                        if index == word.count - 2 { _ = rest.popFirst() }
                        break
                    }
                }
            default: paths.append(word)
            }
        }
        if !unpacks || paths.isEmpty { return nil }
    }
}

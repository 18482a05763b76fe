public import ImgbasedCore

/// The administrator's settings from `/etc/imgbased/imgbased.conf`: lines of `key = value`; `#` begins a
/// comment.
public struct Settings: Hashable, Sendable {
    /// The path of the settings.
    public static let path = "/etc/imgbased/imgbased.conf"
    /// The valid numbers of bases to keep.
    public static let keepRange = 1...99
    private static let keys = ["keep", "carry-limit", "packages-limit", "packages-network"]

    /// The number of bases to keep when an update adds one, including the new one, besides the pinned ones.
    public var keep = 2

    /// The bytes that an update carries of each path that a rule names outside `/etc`, such as `/home`.
    public var carryLimit = Bytes(1 << 30)

    /// The bytes that the kept archives of added packages may have in a layer.
    public var packagesLimit = Bytes(1 << 30)

    /// Whether `imgbase packages retry` may install from the repositories that the host knows.
    public var packagesFromNetwork = false

    /// The default settings.
    public init() {}

    /// Reads `text`, the file at `path`.
    public init(_ text: String, path: String = Settings.path) throws(SettingsError) {
        var seen: Set<String> = []
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() {
            func error(_ cause: SettingsError.Cause) -> SettingsError {
                SettingsError(path: path, line: index + 1, cause: cause)
            }
            let content = String(line.prefix { $0 != "#" }).trimmed
            if content.isEmpty { continue }
            let parts = content.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { throw error(.notASetting(content)) }
            let (key, value) = (String(parts[0]).trimmed, String(parts[1]).trimmed)
            guard Settings.keys.contains(key) else { throw error(.unknown(key)) }
            guard seen.insert(key).inserted else { throw error(.twice(key)) }
            if key == "keep" {
                guard let number = Int(value), Settings.keepRange.contains(number) else {
                    throw error(.notANumber(value, key: key, Settings.keepRange))
                }
                keep = number
            } else if key == "packages-network" {
                guard ["yes", "no"].contains(value) else { throw error(.notAnAnswer(value, key: key)) }
                packagesFromNetwork = value == "yes"
            } else {
                do {
                    let size = try Bytes(parsing: value)
                    if key == "carry-limit" { carryLimit = size } else { packagesLimit = size }
                } catch {
                    throw SettingsError(
                        path: path, line: index + 1, cause: .notASize(value, key: key, error.description))
                }
            }
        }
    }
}

/// A problem in a line of the settings.
public struct SettingsError: Error, Hashable, Sendable {
    /// The kind of problem.
    public enum Cause: Hashable, Sendable {
        /// The line is not `key = value`.
        case notASetting(String)
        /// The key does not exist.
        case unknown(String)
        /// An earlier line has the same key.
        case twice(String)
        /// The value is not a number in this range.
        case notANumber(String, key: String, ClosedRange<Int>)
        /// The value is not a size, for this reason.
        case notASize(String, key: String, String)
        /// The value is neither `yes` nor `no`.
        case notAnAnswer(String, key: String)
    }

    /// The path of the file.
    public var path: String
    /// The number of the line, from 1.
    public var line: Int
    /// The problem in that line.
    public var cause: Cause
}

extension SettingsError: CustomStringConvertible {
    /// The problem and the remedy, as the end of a sentence.
    public var description: String { "'\(path)' line \(line): \(cause)".asMessageLine }
}

extension SettingsError.Cause: CustomStringConvertible {
    /// The problem, as the end of a sentence.
    public var description: String {
        switch self {
        case .notASetting(let text): "'\(text)' is not a setting; write 'key = value'"
        case .unknown(let key):
            "there is no setting '\(key)'; there are 'keep', 'carry-limit', "
                + "'packages-limit' and 'packages-network'"
        case .twice(let key): "'\(key)' is set twice; leave one"
        case .notANumber(let value, let key, let range):
            "'\(key)' must be a number from \(range.lowerBound) to \(range.upperBound), not '\(value)'"
        case .notASize(_, let key, let problem): "'\(key)' must be a size: \(problem)"
        case .notAnAnswer(let value, let key): "'\(key)' must be 'yes' or 'no', not '\(value)'"
        }
    }
}

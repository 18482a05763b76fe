import ImgbasedCore

/// What an administrator sets in `/etc/imgbased/imgbased.conf`: lines of `key = value`; what follows `#` is a comment.
public struct Settings: Hashable, Sendable {
    /// Where they are.
    public static let path = "/etc/imgbased/imgbased.conf"
    /// How many bases can be kept.
    public static let keepRange = 1...99

    /// How many bases are kept when an update adds another, that one included; the pinned ones besides.
    public var keep = 2

    /// What holds where nothing is set.
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
            guard key == "keep" else { throw error(.unknown(key)) }
            guard seen.insert(key).inserted else { throw error(.twice(key)) }
            guard let number = Int(value), Settings.keepRange.contains(number) else {
                throw error(.notANumber(value, key: key, Settings.keepRange))
            }
            keep = number
        }
    }
}

/// What is wrong with a line of the settings.
public struct SettingsError: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Cause: Hashable, Sendable {
        /// It is no `key = value`.
        case notASetting(String)
        /// There is no such key.
        case unknown(String)
        /// The key was there before.
        case twice(String)
        /// The value is not one of these numbers.
        case notANumber(String, key: String, ClosedRange<Int>)
    }

    /// The file.
    public var path: String
    /// The line, from 1.
    public var line: Int
    /// What is wrong.
    public var cause: Cause
}

extension SettingsError: CustomStringConvertible {
    /// The cause, and what to do, as the end of a sentence.
    public var description: String { "'\(path)' line \(line): \(cause)".asMessageLine }
}

extension SettingsError.Cause: CustomStringConvertible {
    /// As the end of a sentence.
    public var description: String {
        switch self {
        case .notASetting(let text): "'\(text)' is not a setting; write 'key = value'"
        case .unknown(let key): "there is no setting '\(key)'; there is 'keep'"
        case .twice(let key): "'\(key)' is set twice; leave one"
        case .notANumber(let value, let key, let range):
            "'\(key)' must be a number from \(range.lowerBound) to \(range.upperBound), not '\(value)'"
        }
    }
}

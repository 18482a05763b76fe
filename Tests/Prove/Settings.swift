import Foundation

/// The arguments of `make prove`.
struct Settings {
    /// The arguments that are not settings.
    private(set) var words: [String] = []
    private var values: [String: String] = [:]

    /// Parses `NAME=VALUE` and words. An empty value counts as unset.
    init(_ arguments: some Sequence<String>) {
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 1 {
                words.append(argument)
            } else if !parts[1].isEmpty {
                values[String(parts[0])] = String(parts[1])
            }
        }
    }

    /// The text of the setting `name`; `nil` if unset.
    subscript(name: String) -> String? { values[name] }

    /// The number of the setting `name`; `nil` if unset.
    func number<Number: LosslessStringConvertible>(_ name: String) throws -> Number? {
        guard let text = values[name] else { return nil }
        guard let number = Number(text) else {
            throw ProofError(description: "\(name)=\(text) is no number")
        }
        return number
    }
}

/// An error in the arguments.
struct ProofError: Error, CustomStringConvertible {
    let description: String
}

/// Prints a line without delay, even to a pipe.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

import Foundation

/// What `make prove` was given.
struct Settings {
    /// What is no setting.
    private(set) var words: [String] = []
    private var values: [String: String] = [:]

    /// Reads `NAME=VALUE` and words; an empty value is none.
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

    /// The text `name`.
    subscript(name: String) -> String? { values[name] }

    /// The number `name`.
    func number<Number: LosslessStringConvertible>(_ name: String) throws -> Number? {
        guard let text = values[name] else { return nil }
        guard let number = Number(text) else {
            throw ProofError(description: "\(name)=\(text) is no number")
        }
        return number
    }
}

/// What is wrong with how it was called.
struct ProofError: Error, CustomStringConvertible {
    let description: String
}

/// Says it at once, whoever listens.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

import Foundation

/// How a command in the guest ended.
public struct GuestResult: Hashable, Sendable {
    /// Its exit status.
    public let status: Int
    /// What it wrote to both outputs, without the last newline.
    public let output: String

    /// - Parameters:
    ///   - raw: up to the mark the agent ends its answer with.
    ///   - status: what follows the mark.
    init?(raw: String, status: String) {
        guard let end = raw.range(of: "\nRC=", options: .backwards)?.lowerBound,
            let number = Int(status.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return nil }
        let text = raw[..<end].replacing("\r\n", with: "\n")
        output = text.hasSuffix("\n") ? String(text.dropLast()) : String(text)
        self.status = number
    }

    /// The lines of the output.
    public var lines: [String] {
        output.isEmpty ? [] : output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}

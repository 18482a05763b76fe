import Foundation

/// The result of a command in the guest.
public struct GuestResult: Hashable, Sendable {
    /// The exit status, 0 to 255.
    public let status: Int
    /// Standard output and standard error together, without the last newline.
    public let output: String

    /// Parses an answer of the agent; `nil` if `status` is not a number.
    ///
    /// - Parameters:
    ///   - raw: the part of the answer before the final mark.
    ///   - status: the text after the mark.
    init?(raw: String, status: String) {
        guard let end = raw.range(of: "\nRC=", options: .backwards)?.lowerBound,
            let number = Int(status.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return nil }
        let text = raw[..<end].replacing("\r\n", with: "\n")
        output = text.hasSuffix("\n") ? String(text.dropLast()) : String(text)
        self.status = number
    }

    /// The output, split into lines.
    public var lines: [String] {
        output.isEmpty ? [] : output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}

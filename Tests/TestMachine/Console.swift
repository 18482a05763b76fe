/// The serial console of a machine: its output, and the current screen of a terminal on it.
final class Console {
    private(set) var screen: Screen
    /// The output since the last start, as plain text.
    private(set) var transcript = ""
    /// The end of the last match of `expect`. The next `expect` searches only behind this position.
    private var position: String.Index

    /// Makes a console with a terminal of `lines` lines.
    init(lines: Int) {
        screen = Screen(lines: lines)
        position = transcript.startIndex
    }

    /// Receives the output that has come on `channel`.
    func receive(from channel: Channel) throws(MachineError) {
        let bytes = try channel.receive()
        channel.forget()
        let offset = transcript.utf8.distance(from: transcript.startIndex, to: position)
        transcript += screen.write(bytes)
        position = transcript.utf8.index(transcript.startIndex, offsetBy: offset)
    }

    /// Takes and returns the output up to the end of `text`; `nil` if `text` has not come yet.
    func take(through text: String) -> String? {
        guard let range = transcript[position...].firstRange(of: text) else { return nil }
        defer { position = range.upperBound }
        return String(transcript[position..<range.upperBound])
    }

    /// Takes the output up to the end of the first of `texts` to appear.
    ///
    /// Returns the index of that text; `nil` if no text has come yet.
    func takeFirst(of texts: [String]) -> Int? {
        let found = texts.indices.compactMap { index in
            transcript[position...].firstRange(of: texts[index]).map { (index, $0) }
        }
        guard let first = found.min(by: { $0.1.lowerBound < $1.1.lowerBound }) else { return nil }
        position = first.1.upperBound
        return first.0
    }

    /// Drops all output so far, because another boot begins.
    func forget() {
        screen = Screen(lines: screen.cells.count)
        transcript = ""
        position = transcript.startIndex
    }

    /// The last part of the output.
    var tail: String { String(tailOf: transcript.utf8) }
}

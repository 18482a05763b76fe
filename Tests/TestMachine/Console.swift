/// The serial console of a machine: everything it wrote, and what a terminal there shows now.
final class Console {
    /// What a terminal shows.
    private(set) var screen: Screen
    /// Everything since the machine started last, as plain text.
    private(set) var transcript = ""
    /// How far `expect` has looked: the next one looks only at what came later.
    private var position: String.Index

    /// One whose terminal has `lines`.
    init(lines: Int) {
        screen = Screen(lines: lines)
        position = transcript.startIndex
    }

    /// Takes in what has come on `channel`.
    func receive(from channel: Channel) throws(MachineError) {
        let bytes = try channel.receive()
        channel.forget()
        let offset = transcript.utf8.distance(from: transcript.startIndex, to: position)
        transcript += screen.write(bytes)
        position = transcript.utf8.index(transcript.startIndex, offsetBy: offset)
    }

    /// Takes what came up to and with `text`; `nil` if that has not come yet.
    func take(through text: String) -> String? {
        guard let range = transcript[position...].firstRange(of: text) else { return nil }
        defer { position = range.upperBound }
        return String(transcript[position..<range.upperBound])
    }

    /// Takes what came up to and with the first of `texts` that is there, and returns which one; `nil` if none has come yet.
    func takeFirst(of texts: [String]) -> Int? {
        let found = texts.indices.compactMap { index in
            transcript[position...].firstRange(of: texts[index]).map { (index, $0) }
        }
        guard let first = found.min(by: { $0.1.lowerBound < $1.1.lowerBound }) else { return nil }
        position = first.1.upperBound
        return first.0
    }

    /// Forgets everything that has come so far: another boot begins.
    func forget() {
        screen = Screen(lines: screen.cells.count)
        transcript = ""
        position = transcript.startIndex
    }

    /// The end of what came.
    var tail: String { String(tailOf: transcript.utf8) }
}

/// One end of a conversation with a machine: what has come in and was not taken yet.
final class Channel {
    /// What `poll(2)` waits for.
    let descriptor: Descriptor
    /// Where it takes what is said to the machine.
    let sink: Descriptor
    /// Whether the other side has gone.
    private(set) var hasEnded = false
    private var received: [UInt8] = []

    init(_ descriptor: Descriptor, sink: Descriptor? = nil) {
        self.descriptor = descriptor
        self.sink = sink ?? descriptor
    }

    /// Takes in what has come, and returns it.
    @discardableResult
    func receive() throws(MachineError) -> [UInt8] {
        guard let bytes = try descriptor.readSome() else { return [] }
        if bytes.isEmpty { hasEnded = true }
        received += bytes
        return bytes
    }

    /// Takes what came up to and with `mark`; `nil` if that has not come yet.
    func take(through mark: String) -> String? {
        guard let range = received.firstRange(of: Array(mark.utf8)) else { return nil }
        defer { received.removeSubrange(..<range.upperBound) }
        return String(decoding: received[..<range.upperBound], as: UTF8.self)
    }

    /// Forgets what came.
    func forget() {
        received = []
    }

    /// The end of what came and was not taken.
    var tail: String { String(tailOf: received) }
}

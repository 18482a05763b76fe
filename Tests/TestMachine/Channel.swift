/// Our end of a connection to a machine, with the bytes received and not yet taken.
final class Channel {
    /// The descriptor for `poll(2)`.
    let descriptor: Descriptor
    /// The descriptor for bytes to the machine.
    let sink: Descriptor
    /// Whether the machine has closed its end.
    private(set) var hasEnded = false
    private var received: [UInt8] = []

    init(_ descriptor: Descriptor, sink: Descriptor? = nil) {
        self.descriptor = descriptor
        self.sink = sink ?? descriptor
    }

    /// Receives the available bytes and returns them.
    @discardableResult
    func receive() throws(MachineError) -> [UInt8] {
        guard let bytes = try descriptor.readSome() else { return [] }
        if bytes.isEmpty { hasEnded = true }
        received += bytes
        return bytes
    }

    /// Takes the bytes up to and including `mark`; `nil` if `mark` has not come yet.
    func take(through mark: String) -> String? {
        guard let range = received.firstRange(of: Array(mark.utf8)) else { return nil }
        defer { received.removeSubrange(..<range.upperBound) }
        return String(decoding: received[..<range.upperBound], as: UTF8.self)
    }

    /// Drops all received bytes.
    func forget() {
        received = []
    }

    /// The last of the bytes not yet taken, as text.
    var tail: String { String(tailOf: received) }
}

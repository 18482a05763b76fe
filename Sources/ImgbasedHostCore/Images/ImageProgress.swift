public import ImgbasedCore

/// The progress of the work on an image.
public struct ImageProgress: Hashable, Sendable {
    /// The kind of work.
    public enum Phase: String, Hashable, Sendable {
        /// The image is unpacked, so that it can be read out of order.
        case unpack
        /// The contents are counted.
        case list
        /// The bytes are written.
        case write
        /// The files are written.
        case fill
        /// The files of the running system that changed meanwhile are written.
        case again
        /// The writes are flushed.
        case flush
        /// The volume is read, and its digest taken.
        case verify
    }

    /// The current work.
    public var phase: Phase
    /// The bytes done.
    public var done: Bytes
    /// The bytes in total; an estimate for files; `nil` if unknown.
    public var total: Bytes?

    /// Progress of `done` of `total` bytes.
    public init(_ phase: Phase, done: Bytes, total: Bytes?) {
        self.phase = phase
        self.done = done
        self.total = total
    }

    /// The percentage done, at most 99 until the end; `nil` if unknown.
    public var percent: Int? {
        guard let total, total.count > 0 else { return nil }
        if phase == .fill { return min(99, ImageProgress.percent(done.count, of: total.count)) }
        return done >= total ? 100 : min(99, ImageProgress.percent(done.count, of: total.count))
    }

    private static func percent(_ done: UInt64, of total: UInt64) -> Int {
        if done >= total { return 100 }
        // Avoids overflow for large numbers.
        return total > UInt64.max / 100 ? Int(done / (total / 100)) : Int(done * 100 / total)
    }

    /// The progress in one line for people.
    public var line: String {
        let verb =
            switch phase {
            case .unpack: "reading the image"
            case .list: "looking into the image"
            case .write: "writing the image"
            case .fill: "writing the files"
            case .again: "writing what changed meanwhile"
            case .flush: "waiting for the disk"
            case .verify: "taking the digest"
            }
        if phase == .flush || phase == .again { return verb }
        let amount = total.map { "\(done.formatted) of \($0.formatted)" } ?? done.formatted
        return "\(verb): \(amount)\(percent.map { ", \($0)%" } ?? "")"
    }

    /// One line of JSON: `{"phase":"write","done":1048576,"total":2097152}`; `total` only if known.
    public var json: String {
        "{\"phase\":\"\(phase.rawValue)\",\"done\":\(done.count)\(total.map { ",\"total\":\($0.count)" } ?? "")}"
    }
}

public import ImgbasedCore

/// How far the work on an image is.
public struct ImageProgress: Hashable, Sendable {
    /// What is done to it.
    public enum Phase: String, Hashable, Sendable {
        /// It is put where it can be read out of order.
        case unpack
        /// It is counted what is in it.
        case list
        /// Its bytes are written.
        case write
        /// Its files are written.
        case fill
        /// What was written is flushed.
        case flush
        /// What is on the volume is read, and its digest taken.
        case verify
    }

    /// What is done.
    public var phase: Phase
    /// How many bytes are done.
    public var done: Bytes
    /// How many there are, where that is known; of files, about how many.
    public var total: Bytes?

    /// `done` of `total` bytes.
    public init(_ phase: Phase, done: Bytes, total: Bytes?) {
        self.phase = phase
        self.done = done
        self.total = total
    }

    /// Percent that is done, 99 at most before all is; `nil` where that is not known.
    public var percent: Int? {
        guard let total, total.count > 0 else { return nil }
        if phase == .fill { return min(99, ImageProgress.percent(done.count, of: total.count)) }
        return done >= total ? 100 : min(99, ImageProgress.percent(done.count, of: total.count))
    }

    private static func percent(_ done: UInt64, of total: UInt64) -> Int {
        if done >= total { return 100 }
        // Without overflow, whatever the numbers.
        return total > UInt64.max / 100 ? Int(done / (total / 100)) : Int(done * 100 / total)
    }

    /// As one line for people.
    public var line: String {
        let verb =
            switch phase {
            case .unpack: "reading the image"
            case .list: "looking into the image"
            case .write: "writing the image"
            case .fill: "writing the files"
            case .flush: "waiting for the disk"
            case .verify: "taking the digest"
            }
        if phase == .flush { return verb }
        let amount = total.map { "\(done.formatted) of \($0.formatted)" } ?? done.formatted
        return "\(verb): \(amount)\(percent.map { ", \($0)%" } ?? "")"
    }

    /// As one line of JSON: `{"phase":"write","done":1048576,"total":2097152}`; `total` only where it is known.
    public var json: String {
        "{\"phase\":\"\(phase.rawValue)\",\"done\":\(done.count)\(total.map { ",\"total\":\($0.count)" } ?? "")}"
    }
}

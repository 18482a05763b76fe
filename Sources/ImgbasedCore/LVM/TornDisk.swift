/// A physical volume on which a power cut left no head that leads to a whole text.
public struct TornDisk: Hashable, Sendable {
    /// The path of the device.
    public let path: String
    /// The number of its metadata areas.
    public let areas: Int
}

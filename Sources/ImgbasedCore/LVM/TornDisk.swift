/// A physical volume on which a power cut has left no head that leads to a whole text.
public struct TornDisk: Hashable, Sendable {
    /// The device.
    public let path: String
    /// How many metadata areas it has.
    public let areas: Int
}

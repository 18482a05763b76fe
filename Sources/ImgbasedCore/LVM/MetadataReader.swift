/// Reads each metadata text only once: usually all physical volumes of a group have the same text.
public struct MetadataReader: Sendable {
    /// A text and the group it describes.
    struct Copy: Hashable, Sendable {
        let text: [UInt8]
        let group: VolumeGroup
    }

    /// The number of different texts kept, above the number of groups and ages that a host has.
    private static let limit = 8

    private var copies: [Copy] = []

    /// The number of texts kept now.
    var count: Int { copies.count }

    /// Creates a reader without texts.
    public init() {}

    /// The group that `text` describes, with the text as first read.
    mutating func read(_ text: [UInt8]) throws(MetadataError) -> Copy {
        if let copy = copies.first(where: { $0.text == text }) { return copy }
        let copy = Copy(text: text, group: try VolumeGroup(MetadataText(text)))
        if copies.count == MetadataReader.limit { copies.removeFirst() }
        copies.append(copy)
        return copy
    }
}

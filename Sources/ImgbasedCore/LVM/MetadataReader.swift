/// Reads metadata texts, and each only once: every physical volume of a group has the same as a rule.
public struct MetadataReader: Sendable {
    /// A text and the group it describes.
    struct Copy: Hashable, Sendable {
        let text: [UInt8]
        let group: VolumeGroup
    }

    /// How many different texts are kept; more than the groups and ages of metadata that a host has.
    private static let limit = 8

    private var copies: [Copy] = []

    /// How many texts are kept.
    var count: Int { copies.count }

    /// A reader that has read nothing.
    public init() {}

    /// The group that `text` describes, with the text as it was read first.
    mutating func read(_ text: [UInt8]) throws(MetadataError) -> Copy {
        if let copy = copies.first(where: { $0.text == text }) { return copy }
        let copy = Copy(text: text, group: try VolumeGroup(MetadataText(text)))
        if copies.count == MetadataReader.limit { copies.removeFirst() }
        copies.append(copy)
        return copy
    }
}

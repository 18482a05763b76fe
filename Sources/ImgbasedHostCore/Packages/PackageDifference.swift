/// The packages in which two trees differ, for `imgbase diff --packages`.
public struct PackageDifference: Hashable, Sendable {
    /// One difference.
    public struct Item: Hashable, Sendable, Encodable {
        /// `NAME:ARCHITECTURE`.
        public var package: String
        /// The version in the first tree; `nil` if it lacks the package.
        public var before: String?
        /// The version in the second tree; `nil` if it lacks the package.
        public var after: String?

        /// The difference in one line: `+` for an added package, `-` for a removed one.
        public var line: String {
            switch (before, after) {
            case (nil, let after?): "+ \(package) \(after)"
            case (let before?, nil): "- \(package) \(before)"
            default: "  \(package) \(before ?? "") -> \(after ?? "")"
            }
        }
    }

    /// The differences, by name.
    public let items: [Item]

    /// What `after` has in another way than `before`.
    public init(from before: PackageDatabase, to after: PackageDatabase) {
        let ids = Set(before.packages.keys).union(after.packages.keys)
        items = ids.sorted().compactMap { id in
            let (old, new) = (before[id]?.version.text, after[id]?.version.text)
            return old == new ? nil : Item(package: id.description, before: old, after: new)
        }
    }
}

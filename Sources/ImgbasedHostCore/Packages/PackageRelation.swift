/// A relation of a package to others, such as a dependency: one of its alternatives has to hold
/// (deb-control(5)).
public struct PackageRelation: Hashable, Sendable {
    /// One package, in some version.
    public struct Alternative: Hashable, Sendable {
        /// The name of the package.
        public var name: String
        /// The qualifier of its architecture, such as `any`; `nil` for none.
        public var qualifier: String?
        /// The comparison with a version; `nil` for any version.
        public var comparison: Comparison?
        /// The version that is compared with.
        public var version: DebianVersion?

        /// Whether `version` of the package satisfies this; `nil` is a virtual package without a version.
        public func allows(_ version: DebianVersion?) -> Bool {
            guard let comparison, let wanted = self.version else { return true }
            guard let version else { return false }
            return switch comparison {
            case .earlier: version < wanted
            case .atMost: version <= wanted
            case .equal: version == wanted
            case .atLeast: version >= wanted
            case .later: version > wanted
            }
        }
    }

    /// The comparisons of versions.
    public enum Comparison: String, Hashable, Sendable {
        case earlier = "<<"
        case atMost = "<="
        case equal = "="
        case atLeast = ">="
        case later = ">>"
    }

    /// The alternatives, in order; at least one.
    public var alternatives: [Alternative]
    /// The relation as written, on one line.
    public var text: String

    /// Reads the value of a field such as `Depends`.
    static func parse(_ field: String?) throws(PackageProblem) -> [PackageRelation] {
        var relations: [PackageRelation] = []
        for part in (field ?? "").parts(separator: ",") {
            let text = part.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            if text.isEmpty { continue }
            var alternatives: [Alternative] = []
            for word in text.parts(separator: "|") { alternatives.append(try alternative(word)) }
            relations.append(PackageRelation(alternatives: alternatives, text: text))
        }
        return relations
    }

    private static func alternative(_ text: String) throws(PackageProblem) -> Alternative {
        let problem = PackageProblem.database("'\(text)' is no relation")
        // Restrictions of architectures and profiles have no place in the database of what is installed.
        let head = text.prefix { $0 != "(" }
        let names = String(head).trimmed.parts(separator: ":")
        guard let name = names.first, PackageName.isName(name), names.count <= 2 else { throw problem }
        var result = Alternative(name: name, qualifier: names.count == 2 ? names[1] : nil)
        guard head.endIndex != text.endIndex else { return result }
        guard let end = text.firstIndex(of: ")"), end > head.endIndex else { throw problem }
        let inner = String(text[text.index(after: head.endIndex)..<end]).trimmed
        let sign = String(inner.prefix { "<>=".contains($0) })
        // dpkg reads a single sign as the one with an equals sign.
        let known = ["<": "<=", ">": ">="][sign] ?? sign
        guard let comparison = Comparison(rawValue: known),
            let version = DebianVersion(String(inner.dropFirst(sign.count)).trimmed)
        else { throw problem }
        (result.comparison, result.version) = (comparison, version)
        return result
    }
}

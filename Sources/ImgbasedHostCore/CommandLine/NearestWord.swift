/// Finds the word that a user probably meant.
enum NearestWord {
    /// In Unicode scalars. Longer words are no typing errors in a short one.
    private static let limit = 64

    /// The names that other tools have for our commands and verbs.
    static let synonyms = [
        "create": "add", "default": "set-default", "delete": "remove", "downgrade": "rollback",
        "list": "layout",
        "ls": "layout", "new": "add", "repair": "recover", "revert": "rollback", "rm": "remove",
        "show": "status", "undo": "rollback", "upgrade": "update", "verify": "check",
    ]

    /// The word of `known` that `word` probably means: the nearest, or one that other tools have for it.
    static func meant(by word: String, among known: [String]) -> String? {
        nearest(to: word, among: known) ?? synonyms[word].flatMap { known.contains($0) ? $0 : nil }
    }

    /// The word of `known` that is nearest to `word`; `nil` if none is near.
    ///
    /// A word is near if it differs from `word` by at most one change for every three characters, and one in
    /// any case. A change adds, removes or replaces a character, or exchanges two. A word is also near if it
    /// is the only one that begins with `word`.
    static func nearest(to word: String, among known: [String]) -> String? {
        let letters = Array(word.lowercased().unicodeScalars.prefix(limit + 1))
        guard letters.count > 1, letters.count <= limit else { return nil }
        var best: (word: String, distance: Int)?
        for candidate in known where candidate.unicodeScalars.count > 1 {
            let other = Array(candidate.unicodeScalars)
            let distance = distance(letters, other)
            let allowed = max(1, min(letters.count, other.count) / 3)
            if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        if let best { return best.word }
        let longer = known.filter { $0.hasPrefix(word) }
        return longer.count == 1 ? longer[0] : nil
    }

    /// The number of changes that make `a` of `b`; no character is changed twice (optimal string alignment).
    private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                let isSame = a[i] == b[j]
                var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (isSame ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                row.append(cost)
            }
            (before, last) = (last, row)
        }
        return last[b.count]
    }
}

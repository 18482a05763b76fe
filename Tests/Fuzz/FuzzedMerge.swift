@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Three files, separated by zero bytes: of the old base, the old layer, and the new base.
///
/// Each input is merged as a text, as every account file, as a list, and as a policy.
struct FuzzedMerge {
    private let base: [UInt8]
    private let ours: [UInt8]
    private let theirs: [UInt8]

    init(_ input: [UInt8]) {
        let parts = input.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false).map(Array.init)
        base = parts[0]
        ours = parts.count > 1 ? parts[1] : parts[0]
        theirs = parts.count > 2 ? parts[2] : parts[0]
    }

    func check() throws(Finding) {
        try checkLines()
        try checkAccounts()
        for text in [base, ours, theirs] {
            try checkPath(text)
            try checkLists(text)
        }
    }

    private func checkLines() throws(Finding) {
        let merged = LineMerge.merge(base: base, ours: ours, theirs: theirs)
        try Finding.unless(
            LineMerge.merge(base: base, ours: theirs, theirs: ours) == merged,
            "the other way round it is another")
        guard let merged else { return }
        try Finding.unless(
            LineMerge.merge(base: theirs, ours: merged, theirs: theirs) == merged, "twice is not once")
        let (old, here, new, result) = (lines(base), lines(ours), lines(theirs), lines(merged))
        try Finding.unless(
            here.union(new).subtracting(old).isSubset(of: result), "a line that one side added is lost")
        try Finding.unless(result.isSubset(of: here.union(new)), "a line comes from nowhere")
    }

    private func lines(_ text: [UInt8]) -> Set<ArraySlice<UInt8>> {
        Set(text.split(separator: UInt8(ascii: "\n")))
    }

    // MARK: Accounts

    private func checkAccounts() throws(Finding) {
        let (base, ours, theirs) = (files(base), files(ours), files(theirs))
        let merge = AccountMerge(base: base, ours: ours, theirs: theirs)
        try Finding.unless(
            AccountMerge(base: base, ours: ours, theirs: base).files == ours, "nothing new changes something")
        try Finding.unless(
            AccountMerge(base: base, ours: ours, theirs: ours).files == ours, "what is the same is changed")
        try Finding.unless(
            AccountMerge(base: theirs, ours: merge.files, theirs: theirs).files == merge.files,
            "twice is not once")
        try Finding.unless(
            merge.notes.allSatisfy { !$0.description.unicodeScalars.contains { $0.value < 32 } },
            "a note has more than one line")
        for file in [AccountFile.passwd, .group] {
            let (here, result) = (AccountTable(file, ours[file]), AccountTable(file, merge.files[file]))
            for name in here.lines.compactMap(\.name) {
                try Finding.unless(result[name] != nil, "an account is lost")
                guard let line = here[name], line.isWhole(file) else { continue }
                try Finding.unless(result[name]?.id(2) == line.id(2), "an account has another id")
            }
        }
        try Finding.unless(merge.users[0] == nil && merge.groups[0] == nil, "root is not root")
    }

    private func files(_ text: [UInt8]) -> [AccountFile: [UInt8]] {
        Dictionary(uniqueKeysWithValues: AccountFile.allCases.map { ($0, text) })
    }

    // MARK: Paths

    private func checkPath(_ text: [UInt8]) throws(Finding) {
        guard let path = TreePath(parsing: text) else { return }
        try Finding.unless(path.components.allSatisfy(TreePath.isName), "a name is none")
        try Finding.unless(TreePath(escaped: path.description) == path, "'\(path)' comes back as another")
        var place = TreePath.root
        for name in path.components { place = place.appending(name) ?? .root }
        try Finding.unless(place == path, "'\(path)' is not what it is made of")
        try Finding.unless(path.parent?.covers(path) ?? (path == .root), "'\(path)' is not in its parent")
    }

    private func checkLists(_ text: [UInt8]) throws(Finding) {
        var list = PersistList()
        list.add(text, file: "f")
        let paths = list.patterns.map(\.literalPrefix) + [TreePath(parsing: text)].compactMap { $0 }
        for path in paths where list.matches(path) {
            try Finding.unless(
                list.roots.filter { $0.covers(path) }.count == 1, "'\(path)' is not found from one root")
        }
        for pattern in list.patterns where !pattern.description.contains(where: "*?[\\".contains) {
            try Finding.unless(pattern.matches(pattern.literalPrefix), "'\(pattern)' does not mean itself")
        }
        try Finding.unless(
            list.problems.allSatisfy { !$0.description.unicodeScalars.contains { $0.value < 32 } },
            "a problem has more than one line")
        for path in paths {
            guard let policy = try? CarryPolicy(["f": text]) else { return }
            let isOurs = policy.rule(for: path) == .ours
            try Finding.unless(isOurs || !CarryPolicy.isIdentity(path), "the identity is not ours")
        }
    }
}

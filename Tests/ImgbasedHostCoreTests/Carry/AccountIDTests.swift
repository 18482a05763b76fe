import ImgbasedCore
import ImgbasedHostCore
import Testing

/// The ids of accounts after a merge, and the mapping of ids in the new base's tree.
@Suite struct AccountIDTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        var base: String
        var ours: String
        var theirs: String
        var merged: String
        var map: [UInt32: UInt32] = [:]

        var testDescription: String { what }
    }

    static let cases = [
        Case(
            what: "as it was", base: "root:0 a:105", ours: "root:0 a:105", theirs: "root:0 a:105",
            merged: "root:0 a:105"),
        Case(
            what: "new, in the place it has there", base: "root:0 a:105", ours: "root:0 a:105",
            theirs: "n:106 root:0 a:105", merged: "n:106 root:0 a:105"),
        Case(
            what: "new, behind what is here", base: "root:0 a:105", ours: "root:0 mine:1000 a:105",
            theirs: "n:106 root:0 a:105", merged: "root:0 mine:1000 a:105 n:106"),
        Case(
            what: "another id", base: "root:0 a:105", ours: "root:0 a:105", theirs: "root:0 a:106",
            merged: "root:0 a:105", map: [106: 105]),
        Case(
            what: "two ids that swap", base: "a:105 b:106", ours: "a:105 b:106", theirs: "a:106 b:105",
            merged: "a:105 b:106", map: [105: 106, 106: 105]),
        Case(
            what: "three in a circle", base: "a:1 b:2 c:3", ours: "a:1 b:2 c:3", theirs: "c:1 a:2 b:3",
            merged: "c:3 a:1 b:2", map: [1: 3, 2: 1, 3: 2]),
        Case(
            what: "an id that the administrator changed", base: "a:105", ours: "a:500", theirs: "a:105",
            merged: "a:500", map: [105: 500]),
        Case(
            what: "new, with the id of an account here", base: "", ours: "mine:106", theirs: "n:106",
            merged: "mine:106 n:999", map: [106: 999]),
        Case(
            what: "new, with the id that another had", base: "a:105", ours: "a:105", theirs: "a:106 n:105",
            merged: "a:105 n:999", map: [106: 105, 105: 999]),
        Case(
            what: "new, an ordinary one", base: "", ours: "mine:1000 his:1001", theirs: "n:1000",
            merged: "mine:1000 his:1001 n:1002", map: [1000: 1002]),
        Case(
            what: "new, and none of its class is near", base: "", ours: "x:999 y:998 mine:106",
            theirs: "n:106 m:997",
            merged: "x:999 y:998 mine:106 n:996 m:997", map: [106: 996]),
        Case(
            what: "made here and there", base: "", ours: "a:1000", theirs: "a:105", merged: "a:1000",
            map: [105: 1000]),
        Case(
            what: "removed here", base: "a:105 b:106", ours: "b:106", theirs: "a:105 b:106", merged: "b:106"),
        Case(
            what: "removed here, and its id is another's", base: "a:105 b:106", ours: "b:106 mine:110",
            theirs: "a:110 b:106", merged: "b:106 mine:110", map: [110: 999]),
        Case(
            what: "removed here, and its id is given to a new one", base: "a:105 b:106", ours: "b:106",
            theirs: "a:107 b:106 n:105", merged: "b:106 n:999", map: [105: 999]),
        Case(
            what: "removed in both, and its id is given to a new one", base: "a:1500 b:106", ours: "b:106",
            theirs: "n:1500 b:106", merged: "b:106 n:1000", map: [1500: 1000]),
        Case(
            what: "removed here, and a new one shares its id", base: "a:105 b:106", ours: "b:106",
            theirs: "a:105 n:105 b:106", merged: "b:106 n:999", map: [105: 999]),
        Case(
            what: "removed here, and its id is given to one that is here", base: "a:105 b:106", ours: "b:106",
            theirs: "b:105", merged: "b:106", map: [105: 106]),
        Case(
            what: "renamed here, and the new base gives its id to a new one", base: "a:105", ours: "mine:105",
            theirs: "n:105", merged: "mine:105 n:999", map: [105: 999]),
        Case(
            what: "renamed here", base: "a:1000", ours: "alice:1000", theirs: "a:1000", merged: "alice:1000"),
        Case(
            what: "root by another name", base: "root:0 a:1", ours: "toor:0 a:1", theirs: "root:0 a:1",
            merged: "toor:0 a:1"),
        Case(
            what: "removed there", base: "a:105 b:106", ours: "a:105 b:106", theirs: "b:106",
            merged: "b:106 a:105"),
        Case(
            what: "removed there, its id a new one's", base: "a:105", ours: "a:105", theirs: "n:105",
            merged: "n:999 a:105", map: [105: 999]),
        Case(
            what: "two names of one id", base: "", ours: "", theirs: "a:105 b:105", merged: "a:105 b:105"),
        Case(
            what: "a second name for an id", base: "a:105", ours: "a:200", theirs: "a:105 b:105",
            merged: "a:200 b:200", map: [105: 200]),
        Case(
            what: "two names of one id, two ids here", base: "", ours: "a:1 b:2", theirs: "a:105 b:105",
            merged: "a:1 b:2", map: [105: 1]),
        Case(
            what: "one id here, two there", base: "", ours: "a:1 b:1", theirs: "a:105 b:106",
            merged: "a:1 b:1",
            map: [105: 1, 106: 1]),
        Case(
            what: "the same account twice", base: "a:1 a:2", ours: "a:1 a:2", theirs: "a:1 a:2",
            merged: "a:1 a:2"),
        Case(
            what: "the same account twice here", base: "", ours: "a:1 a:2", theirs: "b:2",
            merged: "a:1 a:2 b:999",
            map: [2: 999]),
    ]

    @Test(arguments: cases)
    func users(_ example: Case) {
        let merge = AccountMerge(
            [.passwd: passwd(example.base)], [.passwd: passwd(example.ours)],
            [.passwd: passwd(example.theirs)])
        let merged = merge.contents(.passwd)?.split(separator: "\n").map { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            return "\(fields[0]):\(fields[2])"
        }
        #expect(merged?.joined(separator: " ") == example.merged)
        #expect(merge.users == example.map)
    }

    @Test(arguments: cases)
    func groups(_ example: Case) {
        let merge = AccountMerge(
            [.group: group(example.base)], [.group: group(example.ours)], [.group: group(example.theirs)])
        #expect(merge.contents(.group) == group(example.merged))
        #expect(merge.groups == example.map)
        #expect(merge.users.isEmpty)
    }

    /// A new user keeps its group under the group's new id; an existing user stays in its own group.
    @Test func groupsOfUsersFollow() {
        let merge = AccountMerge(
            [.passwd: "a:x:1:50::/:\n", .group: group("a:50")],
            [.passwd: "a:x:1:50::/:\n", .group: group("a:50 mine:60")],
            [.passwd: "a:x:1:51::/:\nn:x:2:60::/:\nm:x:3:51::/:\n", .group: group("a:51 n:60")])
        #expect(merge.contents(.passwd) == "a:x:1:50::/:\nn:x:2:999::/:\nm:x:3:50::/:\n")
        #expect(merge.contents(.group) == group("a:50 mine:60 n:999"))
        #expect(merge.groups == [51: 50, 60: 999])
    }

    /// A group without an entry must not become another group that has one.
    @Test func groupsWithoutNamesAreNobodyElses() {
        let base = "a:x:1:50::/:\n"
        let same = AccountMerge([.passwd: base], [.passwd: base], [.passwd: base])
        #expect(same.groups.isEmpty && same.contents(.passwd) == base)
        let merge = AccountMerge(
            [.group: ""], [.group: group("mine:500")], [.passwd: "n:x:2:500::/:\n", .group: ""])
        #expect(merge.contents(.passwd) == "n:x:2:999::/:\n")
        #expect(merge.groups == [500: 999])
        #expect(merge.notes == [.namelessID(.group, id: 999, theirs: 500)])
    }

    @Test func saysWhatItDid() {
        let merge = AccountMerge(
            [.passwd: passwd("gone:7 kept:8 a:105")], [.passwd: passwd("kept:8 a:105 mine:106")],
            [.passwd: passwd("gone:7 a:107 n:106")])
        #expect(
            merge.notes == [
                .idKept(.passwd, name: bytes("a"), id: 105, theirs: 107),
                .newID(.passwd, name: bytes("n"), id: 999, theirs: 106),
                .kept(.passwd, name: bytes("kept")),
                .staysRemoved(.passwd, name: bytes("gone")),
            ])
        #expect(merge.users == [107: 105, 106: 999])
    }

    /// If all ids of a class are taken, another id is used; if all ids are taken, the account is left out.
    @Test func idsRunOut() throws {
        let full = (1..<1000).map { "u\($0):\($0)" }.joined(separator: " ")
        let merge = AccountMerge([:], [.passwd: passwd(full)], [.passwd: passwd("n:5")])
        #expect(merge.users == [5: 65536])
        #expect(merge.contents(.passwd) == passwd(full + " n:65536"))
    }
}

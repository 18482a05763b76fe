import ImgbasedCore
import ImgbasedHostCore
import Testing

@Suite struct AccountMergeTests {
    private static let base: AccountFiles = [
        .passwd: passwd("root:0 sshd:105 games:5"), .group: group("root:0 adm:4:sshd sshd:110"),
        .shadow: shadow("root:* sshd:! games:*"), .gshadow: "root:*::\nadm:*:root:sshd\nsshd:!::\n",
        .subuid: "", .subgid: "",
    ]

    private func with(_ file: AccountFile, _ contents: String?) -> AccountFiles {
        var files = AccountMergeTests.base
        files[file] = contents
        return files
    }

    /// Merges three versions of one file, all others as in the base.
    private func merge(_ file: AccountFile, _ base: String?, _ ours: String?, _ theirs: String?)
        -> AccountMerge
    {
        AccountMerge(with(file, base), with(file, ours), with(file, theirs))
    }

    // MARK: Whole files

    @Test func linesStayByteForByte() {
        let lines =
            "# first\n\n \t\nroot:x:0:0:root:/root:/bin/bash\nbob\nx:y\n:x:1:1::/:\n007:x:007:0::/:\nlong:x:9:0:::::more\n"
        let ours =
            lines
            + "a:x:99999999999999999999:0::/:\nb:x:-1:0::/:\nc:x:4294967295:0::/:\n+::::::\n+@net\n-evil:x\n"
        let theirs = "root:x:0:0:root:/root:/bin/bash\n" + passwd("new:106")
        let merge = AccountMerge([.passwd: lines], [.passwd: ours], [.passwd: theirs])
        let end = ours.utf8.count - "+::::::\n+@net\n-evil:x\n".utf8.count
        let merged = merge.contents(.passwd).map { bytes($0) } ?? []
        #expect(text(Array(merged.prefix(end))) == text(Array(bytes(ours).prefix(end))))
        #expect(text(Array(merged.dropFirst(end))) == "new:x:106:0::/:/bin/sh\n+::::::\n+@net\n-evil:x\n")
    }

    @Test func theLastLineNeedHaveNoEnd() {
        let merge = AccountMerge(
            [.passwd: "a:x:1:0::/:"], [.passwd: "a:x:1:0::/:/bin/sh"], [.passwd: "a:x:1:0::/:"])
        #expect(merge.contents(.passwd) == "a:x:1:0::/:/bin/sh")
        let longer = AccountMerge(
            [.passwd: "a:x:1:0::/:"], [.passwd: "a:x:1:0::/:/bin/sh"], [.passwd: "a:x:1:0::/:\nb:x:2:0::/:\n"]
        )
        #expect(longer.contents(.passwd) == "a:x:1:0::/:/bin/sh\nb:x:2:0::/:\n")
    }

    @Test func filesThatAreMissing() {
        // No side has the file; only the new base; only this host; the administrator removed it; the new base
        // lacks it.
        #expect(AccountMerge([:], [:], [:]).files.isEmpty)
        #expect(AccountMerge([:], [:], [.subuid: "a:100000:65536\n"]).contents(.subuid) == "a:100000:65536\n")
        #expect(AccountMerge([:], [.gshadow: "a:!::\n"], [:]).contents(.gshadow) == "a:!::\n")
        let removed = merge(.gshadow, "a:!::\n", nil, "a:!::\nb:!::\n")
        #expect(removed.files[.gshadow] == nil)
        #expect(removed.notes == [.fileStaysRemoved(.gshadow)])
        #expect(merge(.gshadow, "a:!::\n", "a:!::\n", nil).contents(.gshadow) == "a:!::\n")
        #expect(merge(.gshadow, "a:!::\n", nil, nil).files[.gshadow] == nil)
    }

    @Test func bytesThatAreNoTextStay() {
        let name: [UInt8] = [0xFF, 0xFE]
        let line = name + bytes(":x:1000:0:\u{1B}[2J:/:/bin/sh\n")
        let merge = AccountMerge(
            base: [:], ours: [.passwd: line], theirs: [.passwd: name + bytes(":x:1001:0::/:\n")])
        #expect(merge.files[.passwd] == line)
        #expect(merge.users == [1001: 1000])
        #expect(merge.notes.allSatisfy { !$0.description.unicodeScalars.contains { $0.value < 32 } })
    }

    /// The time grows linearly with the files.
    @Test(.timeLimit(.minutes(5))) func oneNameThousandsOfTimes() {
        let lines = String(repeating: "a:x:1:0::/:\n", count: 40_000)
        let merge = AccountMerge([:], [.passwd: lines], [.passwd: lines + "b:x:1:0::/:\n"])
        #expect(merge.contents(.passwd) == lines + "b:x:1:0::/:\n")
    }

    // MARK: Fields

    @Test(
        arguments: [
            // The administrator's change; the new base's; both; the same on both sides.
            ("::/:/bin/sh", "::/home/a:/bin/sh", "::/:/bin/sh", "::/home/a:/bin/sh", []),
            ("::/:/bin/sh", "::/:/bin/sh", ":Name:/:/bin/sh", ":Name:/:/bin/sh", []),
            ("::/:/bin/sh", "::/:/bin/zsh", ":Name:/:/bin/sh", ":Name:/:/bin/zsh", []),
            ("::/:/bin/sh", "::/:/bin/zsh", "::/:/bin/bash", "::/:/bin/zsh", ["shell"]),
            ("::/:/bin/sh", "::/:/bin/bash", "::/:/bin/bash", "::/:/bin/bash", []),
            (
                "::/:/bin/sh", ":A:/a:/bin/a", ":B:/b:/bin/b", ":A:/a:/bin/a",
                ["full name", "home directory", "shell"]
            ),
            // Locked by its shell.
            ("::/:/bin/sh", "::/:/usr/sbin/nologin", "::/:/bin/bash", "::/:/usr/sbin/nologin", ["shell"]),
        ] as [(String, String, String, String, [String])])
    func fieldsOfUsers(base: String, ours: String, theirs: String, merged: String, fields: [String]) {
        let files = [base, ours, theirs].map { [AccountFile.passwd: "a:x:1:0\($0)\n"] }
        let merge = AccountMerge(files[0], files[1], files[2])
        #expect(merge.contents(.passwd) == "a:x:1:0\(merged)\n")
        #expect(merge.notes == fields.map { .fieldKept(.passwd, name: bytes("a"), field: $0) })
    }

    @Test func theGroupOfAUserStays() {
        let files = [":4:", ":5:", ":6:"].map {
            [AccountFile.passwd: "a:x:1\($0):/:\n", .group: group("a:4 b:5 c:6")]
        }
        let merge = AccountMerge(files[0], files[1], files[2])
        #expect(merge.contents(.passwd) == "a:x:1:5::/:\n")
        #expect(merge.notes == [.fieldKept(.passwd, name: bytes("a"), field: "group")])
        #expect(AccountMerge(files[0], files[1], files[0]).contents(.passwd) == "a:x:1:5::/:\n")
        // Unchanged on this host.
        let changed = AccountMerge(files[0], files[0], files[2])
        #expect(changed.contents(.passwd) == "a:x:1:4::/:\n")
        #expect(
            changed.notes.map(\.description) == [
                "user 'a': the group differs in the new base; the one here is kept"
            ])
    }

    @Test func whatIsNoEntryIsMergedAsAWhole() {
        // The new base repairs an untouched broken line; the administrator's broken line stays.
        #expect(
            AccountMerge([.passwd: "a:x\n"], [.passwd: "a:x\n"], [.passwd: "a:x:1:0::/:\n"]).contents(.passwd)
                == "a:x:1:0::/:\n")
        let kept = AccountMerge(
            [.passwd: "a:x:1:0::/:\n"], [.passwd: "a:x:1\n"], [.passwd: "a:x:1:0::/:/bin/sh\n"])
        #expect(kept.contents(.passwd) == "a:x:1\n")
        #expect(
            kept.notes.map(\.description) == ["'/etc/passwd': line 1 of the new base is left out: 'a'"])
        // A broken line of the new base is not taken, least of all its id.
        let broken = AccountMerge(
            [.passwd: "a:x:1:0::/:\n"], [.passwd: "a:x:1:0::/:\n"], [.passwd: "a:x:0\nb:x:0:0\n"])
        #expect(broken.contents(.passwd) == "a:x:1:0::/:\n")
    }

    /// Notes go to the terminal, the journal and a file.
    @Test func notesDoNotTellPasswords() {
        let hash = "$6$salt$hash"
        let base = [AccountFile.passwd: passwd("a:1 b:2"), .group: group("g:5"), .shadow: shadow("a:* b:*")]
        let ours = base.mapValues { "# ours\n" + $0 }
        let new = [
            AccountFile.passwd: "a:\(hash):1:0::/:/bin/sh\nb:\(hash):2\nc:\(hash):3:0\na:\(hash):1:0::/:/\n",
            .group: "g:\(hash):5:\ng:\(hash):5:\n", .gshadow: "g:\(hash)::\ng:\(hash)::\n",
            .shadow: shadow("a:*")
                + "\nb:\(hash)\nc:\(hash)\n\(hash)\n\(hash):1:0:9:7:::\na:\(hash):1:0:9:7:::\n",
        ]
        let notes = AccountMerge(base, ours, new).notes.map(\.description)
        let ending = "of the new base is left out"
        #expect(notes.contains("'/etc/shadow': line 7 \(ending): 'a'"))
        #expect(notes.contains("'/etc/shadow': line 5 \(ending)"))
        #expect(notes.filter { $0.contains(ending) }.count >= 8)
        #expect(notes.filter { $0.contains("hash") } == [])
    }

    /// The entry keeps this host's id, even if its name shares an id with another name in the new base.
    @Test func anEntryOfAnotherShapeKeepsItsID() {
        let base = "a:x:105:0::/:/bin/sh\ng:x:5:0::/:\n"
        let merge = AccountMerge(
            [.passwd: base], [.passwd: base], [.passwd: "a:x:105:0::/:/bin/sh\ng:x:105:0::/::more\n"])
        #expect(merge.contents(.passwd) == "a:x:105:0::/:/bin/sh\ng:x:5:0::/::more\n")
        #expect(merge.notes.contains(.sharedID(.passwd, theirs: 105, id: 105)))
    }

    // MARK: Passwords

    @Test(arguments: [
        // base, ours, theirs, merged
        (
            "$6$old:19000:0:9:7:::", "$6$mine:19500:0:9:7:::", "$6$old:19000:0:9:7:::",
            "$6$mine:19500:0:9:7:::"
        ),
        (
            "$6$old:19000:0:9:7:::", "$6$mine:19500:0:9:7:::", "$6$new:19900:0:9:7:::",
            "$6$mine:19500:0:9:7:::"
        ),
        ("$6$old:19000:0:9:7:::", "$6$old:19000:0:9:7:::", "$6$new:19900:0:9:7:::", "$6$new:19900:0:9:7:::"),
        // Locked on this host, and stays locked.
        (
            "$6$old:19000:0:9:7:::", "!$6$old:19000:0:9:7:::", "$6$new:19900:0:9:7:::",
            "!$6$old:19000:0:9:7:::"
        ),
        ("$6$old:19000:0:9:7:::", "*:19000:0:9:7:::", "$6$new:19900:0:9:7:::", "*:19000:0:9:7:::"),
        // Expired on this host; the new base's password.
        (
            "$6$old:19000:0:9:7:::", "$6$old:19000:0:9:7::1:", "$6$new:19900:0:9:7:::",
            "$6$new:19900:0:9:7::1:"
        ),
        // The password must be changed at the next login.
        ("$6$old:19000:0:9:7:::", "$6$old:0:0:9:7:::", "$6$new:19900:0:9:7:::", "$6$old:0:0:9:7:::"),
        // Ages of both.
        ("!:19000:0:9:7:::", "!:19000:1:9:7:::", "!:19000:0:9:14:::", "!:19000:1:9:14:::"),
        // Without any password.
        (":19000::::::", ":19000::::::", "!:19000::::::", "!:19000::::::"),
    ])
    func passwords(base: String, ours: String, theirs: String, merged: String) {
        let files = [base, ours, theirs].map { [AccountFile.passwd: passwd("a:1"), .shadow: "a:\($0)\n"] }
        let merge = AccountMerge(files[0], files[1], files[2])
        #expect(merge.contents(.shadow) == "a:\(merged)\n")
        #expect(merge.contents(.passwd) == passwd("a:1"))
    }

    /// A password can be in either file, and only one of the two counts.
    @Test func aPasswordIsOneInBothFiles() {
        let plain = [AccountFile.passwd: passwd("a:1"), .shadow: shadow("a:$6$old")]
        // On this host in passwd, whatever the new base has in shadow.
        let ours: AccountFiles = [.passwd: "a:$6$mine:1:0::/:/bin/sh\n", .shadow: shadow("a:$6$old")]
        let theirs = [AccountFile.passwd: passwd("a:1"), .shadow: shadow("a:$6$new")]
        #expect(AccountMerge(plain, ours, theirs).contents(.passwd) == ours[.passwd])
        #expect(AccountMerge(plain, ours, theirs).contents(.shadow) == ours[.shadow])
        // On this host in shadow, and the new base would require none.
        let open: AccountFiles = [.passwd: "a::1:0::/:/bin/sh\n", .shadow: shadow("a:$6$old")]
        let mine = [AccountFile.passwd: passwd("a:1"), .shadow: shadow("a:$6$mine")]
        #expect(AccountMerge(plain, mine, open).contents(.passwd) == passwd("a:1"))
        #expect(AccountMerge(plain, mine, open).contents(.shadow) == mine[.shadow])
        // A local account without a password does not get that of a namesake.
        let made: AccountFiles = [.passwd: passwd("a:1000"), .shadow: ""]
        #expect(AccountMerge([.passwd: "", .shadow: ""], made, theirs).contents(.shadow) == "")
    }

    @Test func anAccountThatIsUnlockedIsListed() {
        let files = ["!", "!", "$6$new"].map {
            [AccountFile.passwd: passwd("root:0"), .shadow: shadow("root:\($0)")]
        }
        let merge = AccountMerge(files[0], files[1], files[2])
        #expect(merge.contents(.shadow) == shadow("root:$6$new"))
        #expect(merge.notes == [.unlocked(name: bytes("root"))])
    }

    // MARK: Removed accounts

    @Test func removedAccountsStayRemoved() {
        var ours = AccountMergeTests.base
        ours[.passwd] = passwd("root:0 sshd:105")
        ours[.shadow] = shadow("root:* sshd:!")
        var theirs = AccountMergeTests.base
        theirs[.passwd] = passwd("root:0 sshd:105 games:5 new:6")
        theirs[.shadow] = shadow("root:* sshd:! games:$6$known new:!")
        theirs[.group] = group("root:0 adm:4:sshd,games,new sshd:110 new:112:games,root")
        theirs[.subuid] = "games:100000:65536\nnew:165536:65536\n"
        let merge = AccountMerge(AccountMergeTests.base, ours, theirs)
        #expect(merge.contents(.passwd) == passwd("root:0 sshd:105 new:6"))
        #expect(merge.contents(.shadow) == shadow("root:* sshd:! new:!"))
        #expect(merge.contents(.group) == group("root:0 adm:4:sshd,new sshd:110 new:112:root"))
        #expect(merge.contents(.subuid) == "new:165536:65536\n")
        #expect(merge.notes == [.staysRemoved(.passwd, name: bytes("games"))])
    }

    // MARK: Groups

    @Test(arguments: [
        // base, ours, theirs, merged
        ("a,b", "a,b", "a,b,c", "a,b,c"), ("a,b", "a,b,c", "a,b", "a,b,c"), ("a,b", "a", "a,b,c", "a,c"),
        ("a,b", "b,a", "a,b", "b,a"), ("a,b", "x,b,a", "a,b,y", "x,b,a,y"), ("a,b", "a,b", "a", "a"),
        ("", "x", "y", "x,y"), ("a", "", "a", ""), ("a", "a,x", "", "x"), ("a", "a,a", "a,b", "a,a,b"),
        ("a", "a", "b", "b"), ("b,a", "a,b", "b,a,c", "a,b,c"), ("a", "a", "a,,b", "a,,b"),
        ("a", "x", "x", "x"),
    ])
    func members(base: String, ours: String, theirs: String, merged: String) {
        let merge = merge(.group, group("g:50:\(base)"), group("g:50:\(ours)"), group("g:50:\(theirs)"))
        #expect(merge.contents(.group) == group("g:50:\(merged)"))
        #expect(shadowed(base, ours, theirs) == "g:!:\(merged):\(merged)\n")
    }

    private func shadowed(_ base: String, _ ours: String, _ theirs: String) -> String? {
        merge(.gshadow, "g:!:\(base):\(base)\n", "g:!:\(ours):\(ours)\n", "g:!:\(theirs):\(theirs)\n")
            .contents(.gshadow)
    }

    /// A kept user whom the new base no longer has stays in its groups.
    @Test func keptUsersStayMembers() {
        let merge = AccountMerge(
            [.passwd: passwd("irc:39"), .group: group("chat:50:irc")],
            [.passwd: passwd("irc:39"), .group: group("chat:50:irc")],
            [.passwd: passwd("new:40"), .group: group("chat:50:new")])
        #expect(merge.contents(.passwd) == passwd("new:40 irc:39"))
        #expect(merge.contents(.group) == group("chat:50:irc,new"))
    }

    @Test func groupPasswordsAreKept() {
        let merge = merge(.gshadow, "adm:!::\n", "adm:$6$mine::\n", "adm:$6$new::\n")
        #expect(merge.contents(.gshadow) == "adm:$6$mine::\n")
        #expect(merge.notes == [.fieldKept(.gshadow, name: bytes("adm"), field: "password")])
    }
}

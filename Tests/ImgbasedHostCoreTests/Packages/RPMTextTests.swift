import ImgbasedCore
import Testing

@testable import ImgbasedHostCore

/// What rpm and dnf tell: versions, packages, problems, transactions.
@Suite struct RPMTextTests {
    private static func version(_ text: String) throws -> PackageVersion {
        try PackageMaker.version(text, of: .rpm)
    }

    private static func archive(_ name: String, _ version: String = "1.0-1", kept: Int64 = 1) throws
        -> PackageArchive
    {
        PackageArchive(
            PackageName(name, "noarch"), try Self.version(version), size: Bytes(1000), kept: kept)
    }

    private static func database(_ lines: [String]) throws -> PackageDatabase {
        let text = lines.map { line in
            let words = line.split(separator: " ")
            return "\(words[0])\t0\t\(words[1])\t1\tnoarch\t2048\n"
        }
        return try PackageDatabase(rpm: bytes(text.joined()))
    }

    /// In the order of rpm-version(7).
    @Test func versionsAreInOrder() throws {
        let ordered = [
            "0~rc-1", "0-1", "1.0~rc1-1", "1.0~rc1^git-1", "1.0-0", "1.0-1", "1.0-1.fc", "1.0-2", "1.0-10",
            "1.0^git1-1", "1.0a-1", "1.0.a-2", "1.0.1-1", "1.9-1", "1.9ab-1", "1.9b-1", "1.10-1",
            "20231231-1", "1:0.1-1", "2:0-1",
        ]
        let versions = try ordered.map { try Self.version($0) }
        for (index, earlier) in versions.enumerated() {
            for later in versions[(index + 1)...] {
                #expect(earlier < later, "\(earlier) \(later)")
                #expect(!(later < earlier) && earlier != later)
            }
        }
        for (a, b) in [("1.0-1", "1_0-1"), ("0:1.0-1", "1.0-1"), ("1.00-1", "1.0-1")] {
            let (a, b) = (try Self.version(a), try Self.version(b))
            #expect(a == b && a.hashValue == b.hashValue)
        }
        for text in ["", "1", "1-2-3", "a:1-1", "1 2-1", "-1", "1-", "1/2-1", "1:2:3-1"] {
            #expect(RPMVersion(text) == nil, "\(text)")
        }
    }

    @Test func packagesAreRead() throws {
        let listing = """
            tool\t1\t2.0\t3.fc\tx86_64\t4096
            kernel\t0\t5.2\t1\tx86_64\t1
            kernel\t0\t5.10\t1\tx86_64\t1
            kernel\t0\t5.3\t1\tx86_64\t1
            gpg-pubkey\t0\t1234\t5678\t(none)\t0
            perl-Foo_Bar\t0\t1\t1\tnoarch\t1

            """
        let database = try PackageDatabase(rpm: bytes(listing))
        #expect(database.manager == .rpm)
        #expect(
            database.sorted.map { "\($0.id) \($0.version)" } == [
                "kernel:x86_64 5.10-1", "perl-Foo_Bar:noarch 1-1", "tool:x86_64 1:2.0-3.fc",
            ])
        #expect(database[PackageName("tool", "x86_64")]?.kibibytes == 4)
        #expect(database.counterpart(of: PackageName("tool", "noarch"))?.id.architecture == "x86_64")
        #expect(database.counterpart(of: PackageName("perl-Foo_Bar", "x86_64")) != nil)
        for line in [
            "tool\t1\t2.0\t3", "a b\t0\t1\t1\tnoarch\t1", "a\t0\t1\t1\t../x\t1", "a\t0\t1-1\t1\tnoarch\t1",
        ] {
            #expect(throws: PackageProblem.self, "\(line)") { try PackageDatabase(rpm: bytes(line)) }
        }
    }

    @Test func namesOfArchives() throws {
        let archive = PackageArchive(
            PackageName("python3-x.y", "x86_64"), try Self.version("1:2.0~a-3.fc"), size: Bytes(1), kept: 2)
        #expect(archive.fileName == "python3-x.y-1%3a2.0~a-3.fc.x86_64.rpm")
        #expect(PackageArchive(fileName: archive.fileName, size: Bytes(1), kept: 2) == archive)
        for name in [
            "tool-1-1.rpm", "tool-1.x86_64.rpm", ".rpm", "-1-1.noarch.rpm", "tool-1%2f-1.noarch.rpm",
            "../x-1-1.noarch.rpm", "tool-0%3a1-1.noarch.rpm", "tool_1_amd64.rpm",
        ] {
            #expect(PackageArchive(fileName: name, size: Bytes(1), kept: 2) == nil, "\(name)")
        }
    }

    /// The words of rpm 4.18.
    @Test func rpmTellsWhoIsToBlame() throws {
        let names = ["needs", "epoch", "early", "clash", "pair", "arch", "bad", "old", "fine"]
        let archives = try names.map { try Self.archive($0, $0 == "epoch" ? "2:1.0-1" : "1.0-1") }
        let output = """
            warning: fine-1.0-1.noarch.rpm: Header V4 RSA/SHA256 Signature, key ID 1: NOKEY
            error: Failed dependencies:
            \tlibold >= 2 is needed by needs-1.0-1.noarch
            \tgone is needed by needs-1.0-1.noarch
            \tlost(x) is needed by epoch-2:1.0-1.noarch
            \tearly < 2 conflicts with (installed) other-1.0-1.noarch
            \told is obsoleted by (installed) new-1.0-1.noarch
            \tfile /usr/x from install of clash-1.0-1.noarch conflicts with file from package o-1-1.noarch
            \tfile /usr/y conflicts between attempted installs of clash-1.0-1.noarch and pair-1.0-1.noarch
            \tpackage arch-1.0-1.noarch is intended for a different architecture
            fine is needed here
            no room
            error: %prein(bad-1.0-1.noarch) scriptlet failed, exit status 1
            error: bad-1.0-1.noarch: install failed
            """
        let blamed = RPMOutput.blamed(archives, in: output, missing: ["lost": "no archive of it is kept"])
        func reason(_ name: String) -> String? { blamed[PackageName(name, "noarch")] }
        let lacks = "which neither the new base nor another package has"
        #expect(reason("needs") == "it needs 'libold >= 2', \(lacks); it needs 'gone', \(lacks)")
        #expect(reason("epoch") == "it needs 'lost': no archive of it is kept")
        #expect(reason("early") == "early < 2 conflicts with (installed) other-1.0-1.noarch")
        #expect(reason("old") == "old is obsoleted by (installed) new-1.0-1.noarch")
        #expect(reason("clash")?.hasPrefix("file /usr/x from install of") == true)
        #expect(reason("pair")?.hasPrefix("file /usr/y conflicts between") == true)
        #expect(reason("arch") == "package arch-1.0-1.noarch is intended for a different architecture")
        #expect(
            reason("bad") == "%prein(bad-1.0-1.noarch) scriptlet failed, exit status 1; it said: no room; "
                + "bad-1.0-1.noarch: install failed")
        #expect(blamed.count == 8 && reason("fine") == nil)
        // As a failed command has it, on one line.
        let line =
            "error: Failed dependencies:; x is needed by needs-1.0-1.noarch; y is needed by bad-1.0-1.noarch"
        #expect(
            RPMOutput.blamed(archives, in: line, missing: [:]).keys.map(\.name).sorted() == ["bad", "needs"])
    }

    @Test func theNotesOfDnfAreRead() throws {
        let note = """
            install tool 0 1.0 1 noarch
            upgrade lib 1 2.0 1 x86_64
            I five 0 1.0 1 noarch
            U six 0 1.0 1 noarch
            install ../x 0 1 1 noarch
            install short

            """
        let transaction = DnfTransaction(bytes(note))
        func offer(_ line: String) throws -> OfferedArchive? {
            transaction.offer("/x.rpm", try PackageDatabase(rpm: bytes(line)), size: Bytes(5), now: 7)
        }
        let tool = try offer("tool\t0\t1.0\t1\tnoarch\t9\n")
        #expect(tool == OfferedArchive(path: "/x.rpm", try archive(tool), isNew: true))
        #expect(tool?.archive.fileName == "tool-1.0-1.noarch.rpm" && tool?.archive.kept == 7)
        #expect(try offer("lib\t1\t2.0\t1\tx86_64\t9\n")?.isNew == false)
        #expect(try offer("five\t0\t1.0\t1\tnoarch\t9\n")?.isNew == true)
        #expect(try offer("six\t0\t1.0\t1\tnoarch\t9\n")?.isNew == false)
        #expect(try offer("lib\t0\t2.0\t1\tx86_64\t9\n") == nil, "another version")
        #expect(try offer("x\t0\t1\t1\tnoarch\t9\n") == nil)
        #expect(transaction.mayBeArchive(fileName: "tool-1.0-1.noarch.rpm"))
        #expect(!transaction.mayBeArchive(fileName: "tool-1.0-1.noarch.xml"))
        #expect(!transaction.mayBeArchive(fileName: "short-1.0-1.noarch.rpm"))
        #expect(DnfTransaction.archives(in: ["dnf", "install", "./a.rpm", "b"]) == ["./a.rpm"])
        #expect(DnfTransaction.archives(in: ["dnf", "--installroot=/x", "install", "a.rpm"]) == nil)
        #expect(DnfTransaction.archives(in: ["dnf", "--installroot", "/x", "install", "a.rpm"]) == nil)
    }

    private func archive(_ offer: OfferedArchive?) throws -> PackageArchive { try #require(offer).archive }

    /// dnf has installed them already: its word counts, not the database.
    @Test func archivesOfNewPackagesAreKept() throws {
        let (tool, ssl, lib) = (
            try Self.archive("tool"), try Self.archive("ssl"), try Self.archive("lib", "2-1")
        )
        let old = try Self.archive("lib", "1-1")
        let plan = ArchivePlanner.plan(
            [
                OfferedArchive(path: "/a", tool, isNew: true), OfferedArchive(path: "/b", ssl, isNew: false),
                OfferedArchive(path: "/c", lib, isNew: false),
            ], installed: try Self.database(["tool 1.0", "ssl 1.0", "lib 2"]), kept: [old],
            limit: Bytes(10_000), record: nil)
        #expect(
            plan.steps == [
                .removeFile(old.path), .keepArchive(from: "/c", as: lib), .keepArchive(from: "/a", as: tool),
            ])
    }

    @Test func whatTheNewBaseLacksIsOneSet() throws {
        let layer = try Self.database(["a 1", "b 1", "c 1", "d 1", "base 1"])
        let archives = try ["a", "b", "c"].map { try Self.archive($0, "1-1") }
        let selection = PackageSelection(
            base: try Self.database(["base 1", "gone 1"]), layer: layer,
            newBase: try Self.database(["base 1", "c 2", "gone 1"]), archives: archives)
        #expect(selection.manager == .rpm)
        #expect(selection.chosen.keys.map(\.name).sorted() == ["a", "b"])
        #expect(
            PackageRecord(selection.items).lines == [
                "package 'c' 1-1: in the new base, in version 2-1",
                "package 'gone' 1-1: returned, it was removed, and the new base has it",
                "package 'd' 1-1: not installed, no archive of it is kept",
            ])
        let target = try Self.database(["base 1", "c 2", "gone 1"])
        #expect(selection.sets(in: target).map { $0.map(\.name).sorted() } == [["a", "b"]])
        #expect(selection.runs(of: selection.sets(in: target)[0]).map { $0.map(\.id.name) } == [["a", "b"]])
        // An earlier run installed others.
        let partly = try Self.database(["base 1", "c 2", "gone 1", "a 1", "b 0", "x 1"])
        #expect(selection.sets(in: partly).map { $0.map(\.name) } == [["b"]])
        #expect(selection.surplus(in: partly).map(\.name) == ["b", "x"])
    }

    @Test func commandsOfRPM() {
        let archives = ["/a.rpm", "/b.rpm"]
        #expect(
            PackageManager.rpm.installing(archives) == ["--install", "--nosignature", "/a.rpm", "/b.rpm"])
        #expect(PackageManager.rpm.removing([PackageName("tool", "x86_64")]) == ["--erase", "tool.x86_64"])
        let step = Step.installFromRepositories([PackageName("tool", "x86_64")], by: .rpm)
        #expect(step.actions() == [.run(Command(.dnf, ["--assumeyes", "install", "--", "tool.x86_64"]))])
        #expect("\(step)" == "install 'tool.x86_64' from repositories")
    }

    @Test func waitingArchivesJoinTheDatabase() throws {
        let database = try Self.database(["a 1"]).adding(rpm: [
            try Self.archive("a", "2-1"), try Self.archive("b", "2-1"),
        ])
        #expect(database.sorted.map { "\($0.id.name) \($0.version)" } == ["a 1-1", "b 2-1"])
    }
}

import ImgbasedCore
import Testing

@testable import ImgbasedHostCore

/// What dpkg and apt write: versions, relations, databases, command lines, errors.
@Suite struct PackageTextTests {
    /// In the order of deb-version(7).
    @Test func versionsAreInOrder() throws {
        let ordered = [
            "0~~", "0~~a", "0~", "0", "0a", "1.0~rc1-1", "1.0-0~1", "1.0", "1.0-1", "1.0-1+b1", "1.0-1.1",
            "1.0-2",
            "1.0-10", "1.0a-1", "1.0+dfsg-1", "1.0.1-1", "1.9", "1.10", "20231231", "1:0.1", "2:0",
        ]
        let versions = try ordered.map { try PackageMaker.version($0) }
        for (index, earlier) in versions.enumerated() {
            for later in versions[(index + 1)...] {
                #expect(earlier < later, "\(earlier) \(later)")
                #expect(!(later < earlier))
                #expect(earlier != later)
            }
        }
        for (a, b) in [("1.0", "1.0-0"), ("0:1.0", "1.0"), ("1.00", "1.0"), ("1.0-01", "1.0-1")] {
            let (a, b) = (try PackageMaker.version(a), try PackageMaker.version(b))
            #expect(a == b)
            #expect(a.hashValue == b.hashValue)
        }
        for text in ["", "1 2", "a:1", "1_2", "-1", "1-", String(repeating: "1", count: 300), "1:"] {
            #expect(DebianVersion(text) == nil, "\(text)")
        }
    }

    @Test func relationsAreRead() throws {
        let relations = try PackageRelation.parse(
            "libc6 (>= 2.36),\n python3:any, mta | exim4 (<< 4.9~),\n x (= 1:2-3)")
        #expect(
            relations.map(\.text) == [
                "libc6 (>= 2.36)", "python3:any", "mta | exim4 (<< 4.9~)", "x (= 1:2-3)",
            ])
        #expect(relations[1].alternatives[0].qualifier == "any")
        #expect(relations[2].alternatives.map(\.name) == ["mta", "exim4"])
        let exim = relations[2].alternatives[1]
        #expect(exim.allows(DebianVersion("4.8")) && !exim.allows(DebianVersion("4.9")) && !exim.allows(nil))
        #expect(try PackageRelation.parse(nil).isEmpty)
        for bad in ["x (>= )", "x (1)", "/x", "x (>= 1", "x:a:b"] {
            #expect(throws: PackageProblem.self, "\(bad)") { try PackageRelation.parse(bad) }
        }
    }

    @Test func aDatabaseIsRead() throws {
        let status = """
            Package: tool
            Status: hold ok installed
            Priority: optional
            Installed-Size: 12
            Architecture: amd64
            Multi-Arch: foreign
            Version: 1:2.0-1
            Depends: libtool (>= 1)
            Conffiles:
             /etc/tool.conf 0123456789abcdef0123456789abcdef
             /etc/with space 0123456789abcdef0123456789abcdef obsolete
            Description: a tool
             .
             More.

            Package: gone
            Status: deinstall ok config-files
            Version: 1
            Architecture: all

            Package: half
            Status: install ok half-configured
            Version: 1
            Architecture: all

            Package: waiting
            Status: install ok triggers-awaited
            Version: 3
            Architecture: all
            """
        let marks = "Package: waiting\nArchitecture: amd64\nAuto-Installed: 1\n\n"
        let database = try PackageDatabase(status: bytes(status), marks: bytes(marks))
        #expect(database.sorted.map(\.id.description) == ["tool:amd64", "waiting:all"])
        #expect(database.broken == [PackageName("half", "all")])
        let tool = try #require(database[PackageName("tool", "amd64")])
        #expect(tool.version.text == "1:2.0-1" && tool.isForeign && tool.isManual && tool.kibibytes == 12)
        #expect(tool.configurationFiles == ["/etc/tool.conf", "/etc/with space"])
        #expect(database[PackageName("waiting", "all")]?.isManual == false)
        #expect(database.counterpart(of: PackageName("tool", "all"))?.id == tool.id)
    }

    @Test(arguments: [
        "Package: a b\nStatus: install ok installed\n", "Package: tool\nStatus: x\n", "no field\n",
        "Package: tool\nStatus: install ok installed\nVersion: 1 2\nArchitecture: all\n",
        "Package: tool\nStatus: install ok installed\nVersion: 1\nArchitecture: ../x\n",
        "Package: tool\nStatus: install ok installed\nVersion: 1\nArchitecture: all\nDepends: ((\n",
    ])
    func aDatabaseThatIsNotUnderstoodIsRefused(text: String) {
        #expect(throws: PackageProblem.self) { try PackageDatabase(status: bytes(text)) }
    }

    @Test func marksAreAddedOnce() throws {
        let database = try PackageMaker.database(["lib 1", "doc 1 Architecture: all"])
        let old = "Package: x\nArchitecture: amd64\nAuto-Installed: 1\n"
        let wanted: Set = [PackageName("lib", "amd64"), PackageName("doc", "all")]
        let new = try database.marks(bytes(old), adding: wanted)
        #expect(
            text(new) == old + "\nPackage: doc\nArchitecture: amd64\nAuto-Installed: 1\n\n"
                + "Package: lib\nArchitecture: amd64\nAuto-Installed: 1\n\n")
        #expect(try database.marks(new, adding: wanted) == new)
    }

    @Test func answersAreJoined() {
        let new = "Name: a/b\nValue: new\n\nName: c/d\nValue: new\n\n"
        let old = "Name: a/b\nValue: old\n\nName: e/f\nTemplate: e/f\nValue: old\n\n"
        let joined = DebconfAnswers.joined(bytes(new), bytes(old))
        #expect(text(joined) == new + "Name: e/f\nTemplate: e/f\nValue: old\n")
        #expect(DebconfAnswers.joined(joined, bytes(old)) == joined)
        #expect(text(DebconfAnswers.joined([], bytes("Name: x/y\n"))) == "Name: x/y\n")
    }

    @Test func namesOfArchives() throws {
        let archive = PackageArchive(
            PackageName("tool", "amd64"), try PackageMaker.version("1:2.0-1~x"), size: Bytes(1), kept: 2)
        #expect(archive.fileName == "tool_1%3a2.0-1~x_amd64.deb")
        #expect(PackageArchive(fileName: archive.fileName, size: Bytes(1), kept: 2) == archive)
        for name in [
            "tool_1_amd64.txt", "tool_1.deb", ".deb", "a_b_c_d.deb", "tool_1%2f_all.deb", "../x_1_all.deb",
        ] {
            #expect(PackageArchive(fileName: name, size: Bytes(1), kept: 2) == nil, "\(name)")
        }
    }

    /// The command lines of apt 2.6 and of users.
    @Test func commandLinesOfDpkg() {
        func paths(_ line: String) -> [String]? {
            DpkgCommandLine(line.split(separator: " ").map(String.init))?.paths
        }
        #expect(paths("-i ./x.deb y.deb") == ["./x.deb", "y.deb"])
        #expect(paths("--force-confold --install x.deb") == ["x.deb"])
        let apt =
            "--status-fd 9 --no-triggers --unpack --auto-deconfigure --recursive /tmp/apt-dpkg-install-x"
        #expect(paths(apt) == ["/tmp/apt-dpkg-install-x"])
        #expect(DpkgCommandLine(apt.split(separator: " ").map(String.init))?.isRecursive == true)
        #expect(paths("-iGE x.deb") == ["x.deb"])
        #expect(paths("-D 1 -i x.deb") == ["x.deb"])
        #expect(paths("--log=/x --ignore-depends y -i -- -x.deb") == ["-x.deb"])
        for line in [
            "--root=/mnt -i x.deb", "--admindir /x -i x.deb", "--dry-run -i x.deb", "--configure -a", "-l",
            "-i",
            "--status-fd 9 --configure tool:amd64", "-r tool",
        ] { #expect(paths(line) == nil, "\(line)") }
    }

    @Test func causesOfFailures() {
        let script = """
            Setting up bad (1) ...
            something
            dpkg: error processing package bad (--install):
             installed bad package post-installation script subprocess returned error exit status 3
            Errors were encountered while processing:
             bad
            """
        #expect(
            PackageManagerOutput.cause(script)
                == "dpkg: error processing package bad (--install): installed bad package post-installation script "
                + "subprocess returned error exit status 3; it said: something")
        let quiet = script.replacing("something\n", with: "")
        #expect(PackageManagerOutput.cause(quiet)?.hasSuffix("returned error exit status 3") == true)
        #expect(PackageManagerOutput.cause("all is well") == nil)
    }
}

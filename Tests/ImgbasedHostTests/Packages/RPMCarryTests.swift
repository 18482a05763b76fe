import Foundation
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import Testing

@testable import ImgbasedHost

/// Added packages on a change of base, with a real rpm in a real sandbox.
@Suite(.enabled(if: RPMTrees.missing == nil, "\(RPMTrees.missing ?? "")"))
struct RPMCarryTests {
    @Test func whatWasAddedIsThereAsTheAdministratorLeftIt() async throws {
        let trees = try RPMTrees()
        try trees.archive("libtool", "2.0", files: ["/usr/lib/tool"], making: "mkdir -p usr/lib/tool")
        try trees.archive(
            "tool", fields: "Epoch: 1\nRequires: libtool >= 2",
            files: [
                "%attr(4755, root, root) /usr/bin/tool", "%config(noreplace) /etc/tool/a.conf",
                "%config(noreplace) /etc/tool/b.conf", "%dir /var/lib/tool",
            ],
            making: """
                mkdir -p usr/bin etc/tool var/lib/tool; echo program >usr/bin/tool
                echo shipped >etc/tool/a.conf; echo shipped >etc/tool/b.conf
                """,
            scripts: """
                %post
                echo "$SYSTEMD_OFFLINE" >/var/lib/tool/how
                echo made >/etc/tool/made
                """)
        try trees.scratch.shell("mv tool-1.0-1.noarch.rpm tool-1%3a1.0-1.noarch.rpm")
        try trees.install(["libtool-2.0", "tool-1%3a1.0"])
        try trees.scratch.shell(
            """
            echo mine >layer/etc/tool/a.conf; rm layer/etc/tool/b.conf
            # As the configuration was carried.
            mkdir to/etc/tool; cp layer/etc/tool/a.conf to/etc/tool
            """)
        let (record, hasChanged) = try await trees.carry()
        #expect(
            record.lines == ["package 'libtool' 2.0-1: installed", "package 'tool' 1:1.0-1: installed"])
        #expect(hasChanged)
        #expect(try trees.packages("to") == "libtool 2.0\ntool 1.0")
        #expect(
            try trees.scratch.shell(
                "cd to; stat -c %a usr/bin/tool; cat etc/tool/a.conf var/lib/tool/how; ls etc/tool")
                == "4755\nmine\n1\na.conf\na.conf.rpmnew\nmade")
        #expect(
            try trees.scratch.shell("ls to\(PackageStore.directory)")
                == "libtool-2.0-1.noarch.rpm\ntool-1%3a1.0-1.noarch.rpm")
        #expect(
            try trees.scratch.shell("cat to\(PackageStore.pathsPath)")
                == "/etc/tool/a.conf.rpmnew\n/etc/tool/b.conf\n/etc/tool/made\n/var/lib/tool\n/var/lib/tool/how"
        )
        #expect(try trees.scratch.shell("ls to/run to/tmp to/dev") == "to/dev:\n\nto/run:\n\nto/tmp:")
        // Another run has nothing to do.
        let before = try trees.contents("to")
        let again = try await trees.carry()
        #expect(again.record == record && !again.hasChanged)
        #expect(try trees.contents("to") == before)
    }

    @Test func aPackageThatFailsLeavesNothingAndStopsNothing() async throws {
        let trees = try RPMTrees()
        try trees.archive(
            "bad", files: ["/usr/bin/bad"], making: "mkdir -p usr/bin; echo 1 >usr/bin/bad",
            scripts: "%pre\necho broken >&2\n[ ! -e /etc/fail ]")
        try trees.archive("needsbad", fields: "Requires: bad")
        try trees.archive(
            "good", files: ["/usr/bin/good"], making: "mkdir -p usr/bin; echo 1 >usr/bin/good")
        try trees.install(["bad-1.0", "needsbad-1.0", "good-1.0"])
        try trees.scratch.shell("touch to/etc/fail")
        let (record, _) = try await trees.carry()
        #expect(record.lines.first == "package 'good' 1.0-1: installed")
        #expect(record.missing.map(\.name) == ["bad", "needsbad"])
        let reason = try #require(record.missing.first?.detail)
        #expect(reason.hasPrefix("%prein(bad-1.0-1.noarch) scriptlet failed, exit status 1; it said: broken"))
        #expect(try trees.packages("to") == "good 1.0")
        #expect(
            try trees.scratch.shell("ls to/usr/bin/bad to/usr/bin/good 2>/dev/null || :") == "to/usr/bin/good"
        )
        // Their archives come along, and the next change of base tries again.
        try trees.scratch.shell("rm -r layer; mv to layer; cp -a new to")
        let later = try await trees.carry()
        #expect(
            later.record.lines == [
                "package 'bad' 1.0-1: installed", "package 'good' 1.0-1: installed",
                "package 'needsbad' 1.0-1: installed",
            ])
    }

    /// If rpm does not say who is to blame, each package is tried alone, as long as that leads further.
    @Test func whatRPMDoesNotBlameIsTriedAlone() async throws {
        let trees = try RPMTrees()
        try trees.archive("a", fields: "Requires: z")
        try trees.archive("evil", files: ["/usr/evil"], making: "mkdir usr; echo 1 >usr/evil")
        try trees.archive("z")
        try trees.install(["a-1.0", "evil-1.0", "z-1.0"])
        let (record, _) = try await trees.carry { tree in
            Helper.exists(tree + "/usr/evil") ? "the layer would not boot" : nil
        }
        #expect(
            record.lines == [
                "package 'a' 1.0-1: installed", "package 'z' 1.0-1: installed",
                "package 'evil' 1.0-1: not installed, the layer would not boot",
            ])
        #expect(try trees.packages("to") == "a 1.0\nz 1.0")
    }

    /// rpm installs a package whose last script fails.
    @Test func aScriptThatFailsTooLateIsTold() async throws {
        let trees = try RPMTrees()
        try trees.archive("late", scripts: "%post\n[ ! -e /etc/fail ]")
        try trees.install(["late-1.0"])
        try trees.scratch.shell("touch to/etc/fail")
        let (record, _) = try await trees.carry()
        #expect(
            record.lines == [
                "package 'late' 1.0-1: installed, %post(late-1.0-1.noarch) scriptlet failed, exit status 1"
            ])
        #expect(try trees.packages("to") == "late 1.0")
        #expect(try await trees.carry().record == record)
    }

    @Test func whatCannotBeInstalledIsToldAndStopsNothing() async throws {
        let trees = try RPMTrees()
        let clash = ["/usr/share/clash"]
        try trees.archive("old")
        try trees.archive("needs", fields: "Requires: old")
        try trees.archive("needsneeds", fields: "Requires: needs")
        try trees.archive("lost")
        try trees.archive("both")
        try trees.archive("good")
        try trees.archive("replaces", fields: "Conflicts: both")
        try trees.archive("clash", files: clash, making: "mkdir -p usr/share; echo 1 >usr/share/clash")
        try trees.archive("owner", "2", files: clash, making: "mkdir -p usr/share; echo 2 >usr/share/clash")
        try trees.install(["old-1.0"], in: "base", keeping: false)
        try trees.install(["old-1.0"], keeping: false)
        try trees.install(["needs-1.0", "needsneeds-1.0", "clash-1.0", "good-1.0", "replaces-1.0"])
        try trees.install(["lost-1.0"], keeping: false)
        for tree in ["new", "to"] { try trees.install(["both-1.0", "owner-2"], in: tree, keeping: false) }
        let (record, hasChanged) = try await trees.carry()
        #expect(hasChanged)
        let needs = "it needs 'old', which neither the new base nor another package has"
        #expect(
            record.lines == [
                "package 'good' 1.0-1: installed",
                "package 'clash' 1.0-1: not installed, file /usr/share/clash from install of clash-1.0-1.noarch "
                    + "conflicts with file from package owner-2-1.noarch",
                "package 'lost' 1.0-1: not installed, no archive of it is kept",
                "package 'needs' 1.0-1: not installed, \(needs)",
                "package 'needsneeds' 1.0-1: not installed, it needs 'needs': \(needs)",
                "package 'replaces' 1.0-1: not installed, both conflicts with replaces-1.0-1.noarch",
            ])
        #expect(try trees.packages("to") == "both 1.0\ngood 1.0\nowner 2")
    }

    /// A package that takes the place of one of the base does not remove it.
    @Test func nothingOfTheNewBaseIsReplaced() async throws {
        let trees = try RPMTrees()
        try trees.archive("theirs")
        try trees.archive("ours", "2.0", fields: "Obsoletes: theirs")
        try trees.install(["theirs-1.0"], in: "new", keeping: false)
        try trees.install(["theirs-1.0"], in: "to", keeping: false)
        try trees.install(["ours-2.0"])
        _ = try await trees.carry()
        #expect(try trees.packages("to").contains("theirs 1.0"))
    }

    /// As in an update: the trees are volumes, which this program has mounted without a place. Only the new layer
    /// is written to.
    @Test(.enabled(if: LayerFileSystemTests.missing == nil, "\(LayerFileSystemTests.missing ?? "")"))
    func theTreesAreVolumes() async throws {
        let trees = try RPMTrees()
        try trees.archive("tool", files: ["/usr/bin/tool"], making: "mkdir -p usr/bin; echo 1 >usr/bin/tool")
        try trees.install(["tool-1.0"])
        var devices: [String: LayerFileSystemTests.Device] = [:]
        for name in ["base", "layer", "new", "to"] {
            let image = trees.scratch(name + ".img")
            try Helper.run("/usr/bin/truncate", "-s", "256M", image)
            try Helper.run("/usr/sbin/mkfs.ext4", "-q", "-F", "-d", trees.scratch(name), image)
            devices[name] = try LayerFileSystemTests.Device(image)
        }
        func device(_ name: String) throws -> String { try #require(devices[name]).path.device }
        func place(_ name: String, isReadOnly: Bool = true) throws -> HostSandbox.Lower {
            .device(try device(name), type: "ext4", isReadOnly: isReadOnly)
        }
        let digests = try trees.scratch.shell("sha256sum base.img layer.img new.img")
        let carry = PackageCarry(
            CommandRunner(),
            at: PackagePlaces(
                fromBase: try place("base"), from: try place("layer"), toBase: try place("new"),
                to: try place("to", isReadOnly: false)), isLate: false)
        let result = try await carry.run(
            fromBase: HostMount.mount(device("base"), type: "ext4", .untouched),
            from: HostMount.mount(device("layer"), type: "ext4", .untouched),
            toBase: HostMount.mount(device("new"), type: "ext4", .untouched),
            to: HostMount.mount(device("to"), type: "ext4", .readWrite))
        #expect(result.record.lines == ["package 'tool' 1.0-1: installed"])
        #expect(
            try Helper.run("/usr/sbin/debugfs", "-R", "stat /usr/bin/tool", device("to")).contains(
                "Type: regular"))
        #expect(try trees.scratch.shell("sha256sum base.img layer.img new.img") == digests)
    }

    /// Removed between two runs, a package goes; renewed, it is renewed.
    @Test func theNewLayerFollowsTheOldOne() async throws {
        let trees = try RPMTrees()
        try trees.archive("gone")
        try trees.archive("renewed")
        try trees.archive("renewed", "2.0")
        try trees.install(["gone-1.0", "renewed-1.0"])
        _ = try await trees.carry()
        #expect(try trees.packages("to") == "gone 1.0\nrenewed 1.0")
        try trees.scratch.shell(trees.rpm("--erase gone", in: "layer"))
        try trees.install(["renewed-2.0"])
        let (record, _) = try await trees.carry()
        #expect(record.lines == ["package 'renewed' 2.0-1: installed"])
        #expect(try trees.packages("to") == "renewed 2.0")
        #expect(try trees.scratch.shell("ls to\(PackageStore.directory)") == "renewed-2.0-1.noarch.rpm")
    }

    @Test func removedPackagesAreToldAndBasesOfTwoKindsRefused() async throws {
        let trees = try RPMTrees()
        try trees.archive("nano")
        try trees.archive("nano", "2.0")
        try trees.install(["nano-1.0"], in: "base", keeping: false)
        for tree in ["new", "to"] { try trees.install(["nano-2.0"], in: tree, keeping: false) }
        let (record, _) = try await trees.carry()
        #expect(record.lines == ["package 'nano' 2.0-1: returned, it was removed, and the new base has it"])
        try trees.scratch.shell(
            """
            mkdir -p new/var/lib/dpkg
            printf 'Package: a\\nStatus: install ok installed\\nVersion: 1\\nArchitecture: all\\n' \
                >new/var/lib/dpkg/status
            """)
        let other = try await trees.carry()
        #expect(
            other.record.lines == [
                "packages: nothing was installed: the bases have different package managers"
            ])
    }

    /// Files of added packages are told by their packages, unless they were changed.
    @Test func filesOfAddedPackagesAreKnown() throws {
        let trees = try RPMTrees()
        try trees.archive(
            "tool", files: ["/bin/tool", "/usr/share/tool"],
            making:
                "mkdir -p bin usr/share/tool; echo 1 >bin/tool; echo 1 >usr/share/tool/a; echo 1 >usr/share/tool/b"
        )
        try trees.install(["tool-1.0"])
        try trees.scratch.shell("echo 2 >layer/usr/share/tool/b")
        let files = PackageTree.addedFiles(
            in: try ConfinedTree(trees.scratch("layer")), besides: try ConfinedTree(trees.scratch("base")),
            at: trees.places)
        #expect(
            files.keys.map(\.description).sorted()
                == ["/bin/tool", "/usr/bin/tool", "/usr/share/tool", "/usr/share/tool/a"])
        let times = Set(files.values)
        #expect(times.count == 1 && times.allSatisfy { $0 <= FileTime.now() })
    }

    /// dnf notes what it installed. The archives are where its command line says, under any name.
    @Test func archivesOfDnfAreFound() async throws {
        let trees = try RPMTrees()
        for name in ["tool", "other"] { try trees.archive(name, fields: "Epoch: 2") }
        let words = try trees.scratch.shell(
            """
            mv tool-1.0-1.noarch.rpm mine.rpm
            mkfifo started
            sh -c 'echo $$ >started; kill -STOP $$' dnf install ./mine.rpm other-1.0-1.noarch.rpm missing.rpm \
                >/dev/null 2>&1 &
            read -r process <started; echo $process
            """)
        let process = try #require(Int32(words))
        defer { kill(process, SIGKILL) }
        let note = "install tool 2 1.0 1 noarch\nupgrade other 2 1.1 1 noarch\n"
        let offered = try await ArchiveKeeper(runner: CommandRunner()).offered(
            byDnf: process, DnfTransaction(Array(note.utf8)))
        #expect(offered.map(\.archive.fileName) == ["tool-2%3a1.0-1.noarch.rpm"])
        #expect(offered.map(\.path) == [HostSystem.resolved(trees.scratch("mine.rpm"))])
        #expect(offered.first?.isNew == true)
    }
}

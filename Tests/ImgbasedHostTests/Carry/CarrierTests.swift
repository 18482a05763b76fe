import Foundation
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import TestTrees
import Testing

@Suite(.enabled(if: HostSystem.isRoot, "only root can give files to others")) struct CarrierTests {
    /// Four directories for one test.
    private struct Trees {
        let scratch: Scratch
        var carrier = Carrier(lists: CarryLists(), policy: CarryPolicy())

        init() throws {
            scratch = try Scratch()
            for name in ["base", "ours", "new", "to"] {
                try FileManager.default.createDirectory(
                    atPath: scratch(name + "/etc"), withIntermediateDirectories: true)
            }
        }

        /// Runs a script for bash in the directory of all four.
        @discardableResult
        func sh(_ script: String) throws -> String {
            try scratch.shell(script)
        }

        func survey() throws -> CarrySurvey {
            try carrier.survey(
                fromBase: ConfinedTree(scratch("base")), from: ConfinedTree(scratch("ours")),
                toBase: ConfinedTree(scratch("new")), to: ConfinedTree(scratch("to")))
        }

        func apply(_ survey: CarrySurvey) throws {
            try carrier.apply(
                survey, from: ConfinedTree(scratch("ours")), toBase: ConfinedTree(scratch("new")),
                to: ConfinedTree(scratch("to")))
        }

        /// Carries, and expects that a second run has nothing to do and that no debris is left.
        @discardableResult
        func carry() throws -> CarryReport {
            let survey = try survey()
            try apply(survey)
            let again = try self.survey()
            #expect(again.changes == [])
            #expect(try sh("find to -name '.imgbased*'") == "")
            return survey.report
        }
    }

    // The tree is deeper than any real one. The rest is carried, and debris of an interrupted run goes.
    @Test func whatIsTooDeepIsPassedOver() throws {
        let trees = try Trees()
        try trees.sh(
            """
            deep() { (cd "$1"; for i in $(seq 400); do mkdir d; cd d; done; echo "$2" >deep); }
            for tree in ours base new; do mkdir $tree/etc/same; deep $tree/etc/same x; done
            mkdir ours/etc/mine; deep ours/etc/mine y; echo z >ours/etc/zz; cp -a new/etc/same to/etc
            mkdir to/etc/left; deep to/etc/left w
            """)
        let report = try trees.carry()
        let omitted = report.conflicts.map(\.path)
        #expect(omitted.count == 2 && report.conflicts.allSatisfy { $0.outcome == .omitted })
        #expect(omitted.map { $0.components.count } == [129, 129])
        #expect(try trees.sh("cat to/etc/zz; test -e to/etc/left || echo gone") == "z\ngone")
        #expect(try trees.sh("find to/etc/mine -type d | wc -l") == "127")
        #expect(try trees.sh("cmp <(cd ours/etc/same; find | sort) <(cd to/etc/same; find | sort)") == "")
    }

    @Test func carriesEverythingThatFilesHave() throws {
        let trees = try Trees()
        try trees.sh(
            #"""
            cd ours/etc
            mkdir -p dir/sub; chmod 2711 dir; chown 1:2 dir; touch -d 2001-01-01T00:00:00.123456789 dir/sub
            echo set >setuid; chown 3:4 setuid; chmod 6751 setuid
            echo capable >capable; setcap cap_net_raw+ep capable
            echo acl >acl; setfacl -m u:1234:rw,g:77:r acl; setfacl -d -m u:1234:rx dir
            echo attributes >xattr; setfattr -n user.a -v 1 xattr; setfattr -n trusted.b -v 2 xattr
            setfattr -n security.selinux -v system_u:object_r:etc_t:s0 xattr
            echo one >one; ln one two; ln one dir/three
            ln -s /etc/shadow link; ln -s ../../../outside dangling; chown -h 5:6 link
            touch -hd 2002-02-02 link
            mkfifo -m 620 pipe; mknod -m 640 device c 1 3; mknod block b 7 200
            truncate -s 10M holes; printf x | dd of=holes bs=1 seek=5000000 conv=notrunc status=none
            # Longer than a piece, with holes at both ends.
            truncate -s 4M middle; head -c 1M /dev/urandom | dd of=middle bs=1M seek=1 conv=notrunc status=none
            head -c 3M /dev/urandom >large
            : >$'new\nline'; : >$'\xff\xfe'; : >-rf; : >' '; : >"'"; : >'*'; : >"$(printf 'x%.0s' {1..255})"
            mkdir $'\xc3\x28'; echo hidden >$'\xc3\x28'/.dot
            """#)
        try trees.carry()
        // rsync finds no difference in contents, links, attributes and times.
        #expect(try trees.sh("rsync -aHAXSni --checksum --delete ours/etc/ to/etc/") == "")
        for path in ["holes", "middle"] {
            let blocks = try trees.sh("stat -c %b ours/etc/\(path) to/etc/\(path)").split(separator: "\n")
            #expect(blocks[0] == blocks[1], "\(path)")
        }
        #expect(try trees.sh("getcap to/etc/capable").contains("cap_net_raw"))
        #expect(try trees.sh("stat -c %a to/etc/setuid") == "6751")
    }

    @Test func aModeAndAnACLGoTogether() throws {
        let trees = try Trees()
        try trees.sh(
            """
            for tree in base ours new to; do echo same >$tree/etc/x; chmod 644 $tree/etc/x; done
            setfacl -m u:1234:r,m::r ours/etc/x; chmod 600 new/etc/x to/etc/x
            # Only here, with a mode that is the mask of the list, over a list of the new layer's.
            for tree in base ours new to; do echo same >$tree/etc/y; chmod 644 $tree/etc/y; done
            setfacl -m u:1234:rw ours/etc/y; setfacl -m u:77:r to/etc/y
            """)
        let report = try trees.carry()
        #expect(report.conflicts.map(\.detail) == ["stays: mode and ACL 0644, the new base has 0600"])
        #expect(try trees.sh("stat -c %a to/etc/x to/etc/y") == "644\n664")
        #expect(
            try trees.sh("cd to; getfacl -nc etc/x etc/y") == trees.sh("cd ours; getfacl -nc etc/x etc/y"))
    }

    @Test func generatedTreesBecomeWhatTheyBecomeInMemory() throws {
        for seed in 20_000..<UInt64(20_300) {
            var generated = GeneratedTrees(seed: seed)
            let (base, ours, new) = generated.three()
            let memory = MemoryTrees(base: base, ours: ours, new: new)
            let expected = try memory.survey()
            try memory.apply(expected)

            let trees = try Trees()
            try trees.sh("rm -r base ours new to; mkdir base ours new to")
            let start = seed % 3 == 0 ? generated.root() : new
            for (name, tree) in [("base", base), ("ours", ours), ("new", new), ("to", start)] {
                try RealTree.write(tree, to: trees.scratch(name))
            }
            let survey = try trees.survey()
            if seed % 3 != 0 { try #require(survey.report == expected.report, "seed \(seed)") }
            try trees.apply(survey)
            // The time of the root is nobody's.
            let differences = MemoryNode.differences(try RealTree.read(trees.scratch("to")), memory.target)
                .filter { !$0.hasPrefix("'/':") }
            try #require(differences == [], "seed \(seed)")
            let again = try trees.survey()
            try #require(again.changesNothing, "seed \(seed)")
        }
    }

    @Test func aFileOfATebibyteTakesNoTime() throws {
        let trees = try Trees()
        do {
            try trees.sh("truncate -s 1T ours/etc/huge")
        } catch {
            try Test.cancel("the file system of temporary files has none so large")
        }
        try trees.sh("printf end | dd of=ours/etc/huge bs=1 seek=1T conv=notrunc status=none")
        let start = Monotonic.now()
        try trees.carry()
        #expect(Monotonic.now().milliseconds(since: start) < 10_000)
        #expect(try trees.sh("stat -c %s to/etc/huge; tail -c 3 to/etc/huge") == "1099511627779\nend")
        #expect(try trees.sh("du -k to/etc/huge | cut -f 1") == trees.sh("du -k ours/etc/huge | cut -f 1"))
    }

    @Test func noLinkLeadsOutside() throws {
        let trees = try Trees()
        try trees.sh(
            """
            mkdir outside; echo secret >outside/file
            # Where the layer has directories, the new layer has links that lead out of it.
            mkdir -p ours/etc/a ours/etc/b; echo mine >ours/etc/a/file; echo mine >ours/etc/b/file
            ln -s ../../outside to/etc/a; ln -s "$PWD/outside" new/etc/b; cp -a new/etc/b to/etc/b
            # And what the layer has are links itself.
            ln -s ../../outside ours/etc/c; ln -s "$PWD/outside/file" ours/etc/d
            ln -s loop ours/etc/loop
            """)
        try trees.carry()
        #expect(try trees.sh("cat outside/file; ls -A outside") == "secret\nfile")
        #expect(
            try trees.sh("cat to/etc/a/file to/etc/b/file; readlink to/etc/c to/etc/loop")
                == "mine\nmine\n../../outside\nloop")
        #expect(try trees.sh("readlink to\(ConflictStore.directory)/etc/b") == trees.scratch("outside"))
    }

    @Test func whatIsImmutableIsSaidBeforeAnythingIsWritten() throws {
        let trees = try Trees()
        do {
            try trees.sh("echo old >base/etc/x; chattr +i base/etc/x; chattr -i base/etc/x")
        } catch {
            try Test.cancel("the file system of temporary files has no such attribute")
        }
        try trees.sh(
            """
            echo old >base/etc/x; echo old >new/etc/x; echo old >to/etc/x; echo mine >ours/etc/x
            echo first >ours/etc/a; chattr +i to/etc/x
            """)
        let error = #expect(throws: HostFailure.self) { try trees.survey() }
        #expect(
            error?.description == "'/etc/x' of the new layer, or its directory, is immutable; "
                + "clear that with 'chattr -ia'")
        try trees.sh("chattr -i to/etc/x; chattr +i ours/etc/x")
        defer { _ = try? trees.sh("chattr -i ours/etc/x") }
        let report = try trees.carry()
        #expect(report.conflicts.map(\.outcome) == [.omitted])
        #expect(try trees.sh("cat to/etc/x") == "mine")
    }

    @Test func flagsGoWithTheContent() throws {
        let trees = try Trees()
        try trees.sh("echo mine >ours/etc/x; echo plain >ours/etc/y")
        do { try trees.sh("chattr +Ad ours/etc/x") } catch {
            try Test.cancel("the file system of temporary files has no such flags")
        }
        try trees.carry()
        let flags = try trees.sh("lsattr to/etc/x to/etc/y").split(separator: "\n").compactMap {
            $0.split(separator: " ").first
        }
        #expect(flags.first?.contains("A") == true && flags.first?.contains("d") == true)
        #expect(flags.last?.contains("A") == false && flags.last?.contains("d") == false)
    }

    @Test func whatIsMountedInATreeIsNotEntered() throws {
        let trees = try Trees()
        try trees.sh(
            """
            mkdir ours/etc/m base/etc/m new/etc/m to/etc/m; echo kept >new/etc/m/kept; cp -a new/etc/m to/etc
            : >ours/etc/f
            mount -t tmpfs tmpfs ours/etc/m; echo hidden >ours/etc/m/x; mount --bind /etc/passwd ours/etc/f
            """)
        defer { _ = try? trees.sh("umount ours/etc/m ours/etc/f") }
        let report = try trees.carry()
        #expect(report.items.map(\.path.description) == ["/etc/f", "/etc/m"])
        #expect(report.items.allSatisfy { $0.outcome == .omitted })
        #expect(try trees.sh("ls to/etc to/etc/m") == "to/etc:\nm\n\nto/etc/m:\nkept")
    }

    @Test func isToldByAPolicyThatRefuses() throws {
        var trees = try Trees()
        try trees.sh(
            """
            echo 1 >base/etc/x; echo 2 >ours/etc/x; echo 3 | tee new/etc/x >to/etc/x; echo mine >ours/etc/a
            mkdir -p ours/etc/imgbased/persist.d ours/usr/lib/imgbased/persist.d
            echo 'ours /etc/x' >ours/usr/lib/imgbased/persist.d/10-x.conf
            echo 'fail /etc/x' >ours/etc/imgbased/persist.d/10-x.conf
            echo 'no rule' >ours/etc/imgbased/persist.d/10-x.conf.dpkg-old
            # What is no rule file, and one that is masked.
            echo 'ours /etc/x' >ours/etc/imgbased/persist.d/.30.conf
            mkdir ours/etc/imgbased/persist.d/{disabled,dir.conf}; mkfifo ours/etc/imgbased/persist.d/pipe
            ln -s nowhere ours/etc/imgbased/persist.d/link; truncate -s 2M ours/etc/imgbased/persist.d/README
            echo 'theirs /etc/a' >ours/usr/lib/imgbased/persist.d/20.conf
            ln -s /dev/null ours/etc/imgbased/persist.d/20.conf
            """)
        let policy = try CarryPolicy.read(from: ConfinedTree(trees.scratch("ours")))
        trees.carrier = Carrier(lists: CarryLists(), policy: policy)
        let survey = try trees.survey()
        let unread = survey.report.items.filter { $0.outcome == .unused }.map(\.path.description)
        #expect(
            unread.filter { $0.hasSuffix(".conf") } == [
                "/etc/imgbased/persist.d/.30.conf", "/etc/imgbased/persist.d/dir.conf",
            ])
        let error = #expect(throws: HostFailure.self) { try trees.apply(survey) }
        #expect(error?.description.contains("the policy refuses the conflict at '/etc/x'") == true)
        #expect(try trees.sh("ls to/etc; cat to/etc/x") == "x\n3")
        #expect(policy.rule(for: try #require(TreePath(parsing: "/etc/a"))) == nil)
        try trees.sh("ln -sf nowhere ours/etc/imgbased/persist.d/30.conf")
        #expect(throws: HostFailure.self) { try CarryPolicy.read(from: ConfinedTree(trees.scratch("ours"))) }
        try trees.sh("rm ours/etc/imgbased/persist.d/*0.conf")
        try trees.sh("echo 'nonsense /etc' >ours/etc/imgbased/persist.d/20.conf")
        #expect(throws: HostFailure.self) { try CarryPolicy.read(from: ConfinedTree(trees.scratch("ours"))) }
    }

    @Test func readsTheListsOfConfig() throws {
        var trees = try Trees()
        try trees.sh(
            """
            mkdir -p config/files.d config/merge.d ours/srv/a ours/var/b ours/usr base/usr new/usr to/usr
            echo /srv >config/files; echo '/var/b' >config/files.d/b; echo /nothing >config/files.d/b.bak
            echo '/usr/x' >config/merge.d/x; mkdir config/files.d/dir; ln -s /dev/null config/files.d/null
            echo mine >ours/srv/a/f; echo mine >ours/var/b/f; echo mine >ours/usr/x; chown 9 ours/srv
            """)
        let lists = try CarryLists.read(from: ConfinedTree(trees.scratch("config")))
        trees.carrier = Carrier(lists: lists, policy: CarryPolicy())
        try trees.carry()
        #expect(
            try trees.sh("cat to/srv/a/f to/var/b/f to/usr/x; stat -c %u to/srv") == "mine\nmine\nmine\n9")
        // An unused list is reported, because its author relies on it.
        let report = try trees.survey().report
        #expect(
            report.items.filter { $0.outcome == .unused }.map(\.line) == [
                "unused '/config/files.d/b.bak': its name is that of a hidden file or a copy, and it is not read",
                "unused '/config/files.d/dir': it is a directory, and it is not read",
            ])
        #expect(report.conflicts.isEmpty)
        try trees.sh("echo '../etc' >config/files")
        let error = #expect(throws: HostFailure.self) {
            try CarryLists.read(from: ConfinedTree(trees.scratch("config")))
        }
        #expect(error?.description.contains("files:1") == true)
    }

    @Test func ownersFollowTheAccountsThroughTheTree() throws {
        let trees = try Trees()
        try trees.sh(
            """
            for tree in base ours new; do
                id=101; [[ $tree == new ]] && id=102
                printf 'root:x:0:0::/:/bin/sh\\nweb:x:%s:%s::/:/bin/false\\n' $id $id >$tree/etc/passwd
                printf 'root:x:0:\\nweb:x:%s:\\n' $id >$tree/etc/group
                mkdir -p $tree/usr/lib/web
                cp /bin/true $tree/usr/lib/web/tool; chown $id:$id $tree/usr/lib/web/tool
                chmod 4750 $tree/usr/lib/web/tool; setcap cap_net_raw+ep $tree/usr/lib/web/tool
                ln $tree/usr/lib/web/tool $tree/usr/lib/web/name; ln -s /etc/passwd $tree/usr/lib/web/link
                chown -h $id $tree/usr/lib/web/link
            done
            rm -r to; cp -a new to; touch -d 2001-01-01 new/usr/lib/web/tool to/usr/lib/web/tool
            """)
        try trees.carry()
        #expect(try trees.sh("stat -c '%u:%g %a %h %Y' to/usr/lib/web/tool") == "101:101 4750 2 978307200")
        #expect(try trees.sh("getcap to/usr/lib/web/tool").contains("cap_net_raw"))
        #expect(try trees.sh("stat -c %u to/usr/lib/web/link; stat -c %u /etc/passwd") == "101\n0")
    }
}

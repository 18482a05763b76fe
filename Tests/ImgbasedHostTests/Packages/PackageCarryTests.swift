import Foundation
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux
import Testing

/// Added packages on a change of base, with a real dpkg in a real sandbox.
@Suite(.enabled(if: PackageTrees.missing == nil, "\(PackageTrees.missing ?? "")"))
struct PackageCarryTests {
    @Test func whatWasAddedIsThereAsTheAdministratorLeftIt() async throws {
        let trees = try PackageTrees()
        try trees.archive("libtool", "2.0", making: "mkdir -p usr/lib/tool; echo lib >usr/lib/tool/lib")
        try trees.archive(
            "tool", "1:1.0", fields: "Depends: libtool (>= 2)",
            making: """
                mkdir -p usr/bin etc/tool var/lib/tool; echo program >usr/bin/tool; chmod 4755 usr/bin/tool
                echo shipped >etc/tool/a.conf; echo shipped >etc/tool/b.conf
                printf '/etc/tool/a.conf\\n/etc/tool/b.conf\\n' >DEBIAN/conffiles
                cat >DEBIAN/postinst <<'END'
                #!/bin/sh
                set -e
                echo "$DEBIAN_FRONTEND $SYSTEMD_OFFLINE" >/var/lib/tool/how
                echo made >/etc/tool/made
                END
                """)
        try trees.scratch.shell("mv tool_1:1.0_all.deb tool_1%3a1.0_all.deb")
        try trees.install(["libtool_2.0", "tool_1%3a1.0"])
        try trees.scratch.shell(
            """
            printf 'Package: libtool\\nArchitecture: %s\\nAuto-Installed: 1\\n\\n' $(dpkg --print-architecture) \
                >layer/var/lib/apt/extended_states
            echo mine >layer/etc/tool/a.conf; rm layer/etc/tool/b.conf
            # As the configuration was carried.
            mkdir to/etc/tool; cp layer/etc/tool/a.conf to/etc/tool
            """)
        let (record, hasChanged) = try await trees.carry()
        #expect(
            record.lines == ["package 'tool' 1:1.0: installed"])
        #expect(hasChanged)
        #expect(try trees.packages("to") == "libtool 2.0 installed\ntool 1:1.0 installed")
        #expect(
            try trees.scratch.shell(
                "cd to; stat -c %a usr/bin/tool; cat etc/tool/a.conf var/lib/tool/how; ls etc/tool")
                == "4755\nmine\nnoninteractive 1\na.conf\na.conf.dpkg-dist\nmade")
        #expect(
            try trees.scratch.shell("cat to/var/lib/apt/extended_states").hasPrefix("Package: libtool\n"))
        #expect(
            try trees.scratch.shell("ls to\(PackageStore.directory)")
                == "libtool_2.0_all.deb\ntool_1%3a1.0_all.deb")
        #expect(
            try trees.scratch.shell("cat to\(PackageStore.pathsPath)")
                == "/etc/tool/a.conf.dpkg-dist\n/etc/tool/b.conf\n/etc/tool/made\n/var/lib/tool\n/var/lib/tool/how"
        )
        #expect(
            try trees.scratch.shell("ls to/run to/tmp to/dev to/usr/sbin/policy-rc.d 2>/dev/null || :")
                == "to/dev:\n\nto/run:\n\nto/tmp:")
        // Another run has nothing to do.
        let before = try trees.contents("to")
        let again = try await trees.carry()
        #expect(again.record == record && !again.hasChanged)
        #expect(try trees.contents("to") == before)
    }

    @Test func aPackageThatFailsLeavesNothingAndStopsNothing() async throws {
        let trees = try PackageTrees()
        let fails = "printf '#!/bin/sh\\necho broken >&2; [ ! -e /etc/fail ]\\n' >DEBIAN/postinst"
        try trees.archive(
            "bad", making: "mkdir -p usr/bin etc; echo 1 >usr/bin/bad; echo 1 >etc/bad; \(fails)")
        try trees.archive("needsbad", fields: "Depends: bad")
        try trees.archive("good", making: "mkdir -p usr/bin; echo 1 >usr/bin/good")
        try trees.install(["bad_1.0", "needsbad_1.0", "good_1.0"])
        try trees.scratch.shell(
            "cp -a to expected; touch to/etc/fail expected/etc/fail; cp *.deb expected/root")
        // What the new layer has if only the good one is installed.
        try trees.scratch.shell(
            "chroot expected dpkg -i /root/good_1.0_all.deb >/dev/null; rm expected/root/*.deb")
        let (record, _) = try await trees.carry()
        let reason =
            "dpkg: error processing package bad (--install): installed bad package post-installation script "
            + "subprocess returned error exit status 1; it said: broken"
        #expect(
            record.lines == [
                "package 'good' 1.0: installed", "package 'bad' 1.0: not installed, \(reason)",
                "package 'needsbad' 1.0: not installed, \(reason)",
            ])
        #expect(try trees.packages("to") == "good 1.0 installed")
        let noise = "| grep -v -e dpkg.log -e status-old -e '/triggers/' -e /lock"
        func names(_ tree: String) throws -> String {
            try trees.scratch.shell(
                "cd \(tree); find . -path ./var/lib/imgbased -prune -o -printf '%p %y %m\\n' | sort \(noise)")
        }
        #expect(try names("to") == names("expected"))
        // Their archives come along, and the next change of base tries again.
        try trees.scratch.shell(
            "rm -r layer; mv to layer; cp -a new to; cp layer/var/lib/dpkg/status old-status")
        let later = try await trees.carry()
        #expect(
            later.record.lines == [
                "package 'bad' 1.0: installed", "package 'good' 1.0: installed",
                "package 'needsbad' 1.0: installed",
            ])
    }

    @Test func whatCannotBeInstalledIsToldAndStopsNothing() async throws {
        let trees = try PackageTrees()
        try trees.archive("old")
        try trees.archive("needs", fields: "Depends: old")
        try trees.archive("lost")
        try trees.archive("both")
        try trees.archive("clash", making: "mkdir -p usr/share; echo 1 >usr/share/clash")
        try trees.archive("owner", "2", making: "mkdir -p usr/share; echo 2 >usr/share/clash")
        try trees.install(["old_1.0"], in: "base", keeping: false)
        try trees.install(["old_1.0"], keeping: false)
        try trees.install(["needs_1.0", "both_1.0", "clash_1.0"])
        try trees.install(["lost_1.0"], keeping: false)
        for tree in ["new", "to"] { try trees.install(["both_1.0", "owner_2"], in: tree, keeping: false) }
        let (record, hasChanged) = try await trees.carry()
        #expect(!hasChanged)
        #expect(
            Array(record.lines.prefix(1)) + record.lines.suffix(2) == [
                "package 'both' 1.0: in the new base",
                "package 'lost' 1.0: not installed, no archive of it is kept",
                "package 'needs' 1.0: not installed, it needs 'old', which the new base does not have",
            ])
        #expect(record.missing.first?.name == "clash")
        #expect(record.missing.first?.detail.contains("trying to overwrite '/usr/share/clash'") == true)
        #expect(try trees.packages("to") == "both 1.0 installed\nowner 2 installed")
        #expect(
            try trees.scratch.shell("ls to\(PackageStore.directory)")
                == "clash_1.0_all.deb\nneeds_1.0_all.deb")
    }

    /// What scripts of packages may find of the host, and do to it.
    @Test func scriptsReachNothingOutside() async throws {
        let trees = try PackageTrees()
        let outside = trees.scratch("outside")
        try trees.archive(
            "nosy",
            making: """
                cat >DEBIAN/postinst <<'END'
                #!/bin/sh
                [ -e /etc/new ] || exit 0
                exec >/etc/nosy 2>&1
                ( echo x >/proc/sys/kernel/hostname ) 2>/dev/null && echo wrote /proc/sys
                ( echo b >/proc/sysrq-trigger ) 2>/dev/null && echo wrote sysrq
                ls /dev
                ls /run
                grep -c : /proc/net/dev
                [ -e \(outside) ] && echo sees outside
                umask
                /usr/sbin/policy-rc.d || echo policy $?
                # It ends with the sandbox, or the test finds it.
                sleep 1000 &
                echo >/tmp/alive
                exit 0
                END
                """)
        try trees.install(["nosy_1.0"])
        try trees.scratch.shell("touch to/etc/new; echo 1 >outside")
        let name = try trees.scratch.shell("cat /proc/sys/kernel/hostname")
        let (record, _) = try await trees.carry()
        #expect(record.lines == ["package 'nosy' 1.0: installed"])
        let expected = [
            "fd", "full", "null", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero",
            "lock", "1",
            "0022", "policy 101",
        ]
        #expect(
            try trees.scratch.shell("cat to/etc/nosy").split(separator: "\n").map(String.init) == expected)
        #expect(try trees.scratch.shell("cat /proc/sys/kernel/hostname") == name)
        #expect(
            try trees.scratch.shell("grep -l '\(trees.scratch.path)' /proc/*/mountinfo 2>/dev/null || :")
                == "")
        #expect(try trees.scratch.shell("ls -d /proc/[0-9]*/root/tmp/alive 2>/dev/null || :") == "")
    }

    /// As in an update: the new layer is a volume, which this program has mounted without a place.
    @Test(.enabled(if: LayerFileSystemTests.missing == nil, "\(LayerFileSystemTests.missing ?? "")"))
    func theNewLayerIsAVolume() async throws {
        let trees = try PackageTrees()
        try trees.archive("tool", making: "mkdir -p usr/bin; echo 1 >usr/bin/tool; chmod 755 usr/bin/tool")
        try trees.install(["tool_1.0"])
        let image = trees.scratch("image")
        try Helper.run("/usr/bin/truncate", "-s", "256M", image)
        try Helper.run("/usr/sbin/mkfs.ext4", "-q", "-F", "-d", trees.scratch("to"), image)
        let device = try LayerFileSystemTests.Device(image)
        let path = device.path.device
        var places = trees.places
        places.to = .device(path, type: "ext4")
        let carry = PackageCarry(CommandRunner(), at: places, isLate: false)
        let result = try await carry.run(
            fromBase: ConfinedTree(trees.scratch("base")), from: ConfinedTree(trees.scratch("layer")),
            toBase: ConfinedTree(trees.scratch("new")),
            to: HostMount.mount(path, type: "ext4", .readWrite))
        #expect(result.record.lines == ["package 'tool' 1.0: installed"])
        let status = try Helper.run("/usr/sbin/debugfs", "-R", "cat /var/lib/dpkg/status", path)
        #expect(status.contains("Package: tool\nStatus: install ok installed"))
        #expect(try Helper.run("/usr/sbin/debugfs", "-R", "stat /usr/bin/tool", path).contains("Mode:  0755"))
        _ = try Helper.run("/usr/sbin/e2fsck", "-f", "-n", path)
    }

    @Test func whatCameAfterTheUpdateWaits() async throws {
        let trees = try PackageTrees()
        try trees.archive("early")
        try trees.archive("late")
        try trees.install(["early_1.0"])
        _ = try await trees.carry()
        try trees.install(["late_1.0"])
        let (record, hasChanged) = try await trees.carry(isLate: true)
        #expect(!hasChanged)
        #expect(
            record.lines == [
                "package 'early' 1.0: installed",
                "package 'late' 1.0: not installed, it was installed after the update; install it with 'imgbase "
                    + "packages retry'",
            ])
        #expect(
            try trees.scratch.shell("ls to\(PackageStore.directory)") == "early_1.0_all.deb\nlate_1.0_all.deb"
        )
    }

    /// What the administrator held stays held, whether the package is installed again or is the new base's.
    @Test func whatWasHeldIsHeld() async throws {
        let trees = try PackageTrees()
        for name in ["tool", "ours", "theirs"] { try trees.archive(name) }
        try trees.archive("ours", "2.0")
        try trees.install(["tool_1.0"])
        for tree in ["base", "layer", "new", "to"] {
            let version = ["new", "to"].contains(tree) ? "2.0" : "1.0"
            try trees.install(["ours_\(version)", "theirs_1.0"], in: tree, keeping: false)
        }
        let hold = "printf '%s hold\\n'"
        try trees.scratch.shell(
            """
            \(hold) tool ours theirs | chroot layer dpkg --set-selections
            \(hold) theirs | chroot base dpkg --set-selections
            """)
        let (record, hasChanged) = try await trees.carry()
        #expect(
            record.lines == [
                "package 'ours' 1.0: held, the new base has 2.0", "package 'tool' 1.0: installed",
            ])
        #expect(hasChanged)
        let states =
            "dpkg-query --admindir=to/var/lib/dpkg -W -f '${Package} ${db:Status-Want}\\n' | grep -v ^dpkg"
        #expect(try trees.scratch.shell(states) == "ours hold\ntheirs install\ntool hold")
        let again = try await trees.carry()
        #expect(!again.hasChanged)
        // Nothing to install, but something to hold.
        try trees.scratch.shell("echo theirs install | chroot base dpkg --set-selections")
        let later = try await trees.carry()
        #expect(later.hasChanged)
        #expect(try trees.scratch.shell(states) == "ours hold\ntheirs hold\ntool hold")
    }

    /// Removed between two runs, a package goes; renewed, it is renewed.
    @Test func theNewLayerFollowsTheOldOne() async throws {
        let trees = try PackageTrees()
        try trees.archive("gone")
        try trees.archive("renewed")
        try trees.archive("renewed", "2.0")
        try trees.install(["gone_1.0", "renewed_1.0"])
        _ = try await trees.carry()
        #expect(try trees.packages("to") == "gone 1.0 installed\nrenewed 1.0 installed")
        try trees.scratch.shell("chroot layer dpkg --purge gone >/dev/null")
        try trees.install(["renewed_2.0"])
        let (record, _) = try await trees.carry()
        #expect(record.lines == ["package 'renewed' 2.0: installed"])
        #expect(try trees.packages("to") == "renewed 2.0 installed")
        #expect(try trees.scratch.shell("ls to\(PackageStore.directory)") == "renewed_2.0_all.deb")
    }

    @Test func aSystemWithoutDpkgIsToldSo() async throws {
        let trees = try PackageTrees()
        try trees.scratch.shell("rm layer/var/lib/dpkg/status")
        let (record, hasChanged) = try await trees.carry()
        #expect(!hasChanged)
        #expect(
            record.lines == [
                "packages: nothing was installed: it has no database of dpkg in '/var/lib/dpkg/status' and none of "
                    + "rpm"
            ])
        try trees.scratch.shell("echo rubbish >layer/var/lib/dpkg/status")
        let other = try await trees.carry()
        #expect(other.record.lines.first?.contains("a line is no field: 'rubbish'") == true)
    }
}

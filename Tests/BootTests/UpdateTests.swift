import TestMachine
import Testing

/// Updates from base to base, run by an administrator on a changed host.
@Suite struct UpdateTests {
    @Test(
        "An update carries early and late changes, is tried and rolled back, and its configuration is carried back"
    )
    func update() throws {
        try Artefacts.updatable("update").run { vm in
            try vm.check(Self.administrator)
            try vm.check(Self.newImage)

            // A preview names the conflict and leaves nothing behind.
            let lines = try ReadmeBlock.update.commands(["node-2.img": "/dev/vdb"])
            let preview = try vm.check(lines[0], within: .minutes(10))
            #expect(preview.contains("conflict '/etc/issue'"))
            #expect(preview.contains("carried '/etc/local.conf'"))
            #expect(preview.contains("merged '/etc/login.defs'"))
            try vm.expect("", from: "lvs --noheadings -o lv_name HostVG | grep Base-2")

            let output = try vm.check(lines[1], within: .minutes(10))
            #expect(output.contains("conflict '/etc/issue'"))
            #expect(output.hasSuffix("Base-2.1"))
            #expect(output.contains("left '/var/lib/app': 1 file of 1.00 MiB"))
            #expect(!output.contains("/var/cache/app"))
            try vm.check("echo late >/etc/late.conf; echo changed late >>/etc/local.conf; rm /etc/early.conf")
            #expect(lines[2...] == ["reboot"])
            try vm.reboot()
            try vm.expectStatus("Base-2.1", "trial")
            try vm.check(Self.isCarried)
            try vm.expectUnchanged(base: "Base-2")

            // Roll back, with the changes since.
            try vm.check("echo newer >/etc/newer.conf")
            let back = try vm.check("imgbase rollback --carry-etc --to Base-0.2", within: .minutes(10))
            #expect(back.hasSuffix("Base-0.3"))
            try vm.reboot()
            try vm.expectStatus("Base-0.3", "trial")
            try vm.check(
                """
                set -e
                grep -q newer /etc/newer.conf
                grep -q late /etc/late.conf
                test "$(cat /etc/issue)" = 'Only for staff'
                if grep 'image 2' /usr/lib/os-release; then exit 1; fi
                id ada
                """)
            // Then roll back to the original layer, as it was left.
            try vm.expect("Base-0.1", from: "imgbase rollback --to Base-0.1")
            try vm.reboot()
            try vm.expectStatus("Base-0.1", "trial")
            try vm.check("! test -e /etc/newer.conf && grep -q late /etc/late.conf")
        }
    }

    @Test(
        "An image that does not come up gives way to the old layer, and an update that is taken back is not tried"
    )
    func broken() throws {
        try Artefacts.updatable("broken").run { vm in
            try vm.check(
                """
                set -e
                mount /dev/vdb /mnt
                # Not init itself: without it, the layer would be skipped at once.
                : >/mnt/usr/lib/systemd/systemd
                echo 'image 2' >/mnt/etc/issue
                umount /mnt
                mkdir -p /etc/imgbased/persist.d
                echo 'fail /etc/issue' >/etc/imgbased/persist.d/issue.conf
                """)
            // A dry run changes nothing and shows the actual steps.
            let volumes = try vm.check("lvs --noheadings -o lv_name,lv_tags HostVG")
            let plan = try vm.check("imgbase --dry update --tries 1 /dev/vdb")
            #expect(plan.contains("declare layer 'Base-1.1' of base 'Base-1' complete"))
            #expect(try vm.check("lvs --noheadings -o lv_name,lv_tags HostVG") == volumes)
            let made = try vm.check("imgbase update --tries 1 /dev/vdb", within: .minutes(10))
            #expect(made.hasSuffix("Base-1.1"))
            // If a late change cannot be carried, the new layer does not boot. The host reports the reason.
            try vm.check("echo changed late >/etc/issue")
            try vm.reboot()
            try vm.waitForGuest(after: "Loading layer Base-0.1 ", within: .minutes(6))
            try vm.check("systemctl is-system-running --wait || true")
            let told = try vm.check("imgbase status | grep '^warning:'")
            #expect(
                told.hasPrefix(
                    "warning:    layer 'Base-1.1' is not complete, and is not booted until it is: "))
            #expect(told.contains("the policy refuses the conflict at '/etc/issue'"))
            try vm.expect("Base-0.1", from: "imgbase rollback")
            try vm.expect(
                "Base-0.1", from: "imgbase status --json | sed -n 's/.*\"layer\" : \"\\(.*\\)\",/\\1/p'")
            // A later trial completes the layer in the same way; otherwise a message would name the missing
            // parts.
            try vm.check(
                "rm /etc/imgbased/persist.d/issue.conf && imgbase boot --try Base-1.1 --tries 1"
            )
            try vm.reboot()
            try vm.expect("Loading layer Base-1.1", within: .minutes(3))
            try vm.expectStatus(
                "Base-0.1", "default",
                warnings: [
                    "layer 'Base-1.1' did not come up in 1 of 1 tries: "
                        + "1 ended in the boot loader, the kernel or the initramfs"
                ])
        }
    }

    @Test("Added packages are there after an update, and those that cannot be are told and mended")
    func packages() throws {
        try Artefacts.updatable("packages").run { vm in
            try vm.check(Self.addedPackages)
            try vm.expect(
                "bad_1.0_all.deb needs_1.0_all.deb tool_1.0_all.deb",
                from: "echo $(ls /var/lib/imgbased/packages)")
            let difference = try vm.check("imgbase diff --packages")
            for name in ["bad", "gone", "needs", "tool"] { #expect(difference.contains("+ \(name):all 1.0")) }
            let output = try vm.check("imgbase update /dev/vdb", within: .minutes(10))
            #expect(output.contains("package 'tool' 1.0: installed"))
            #expect(output.contains("package 'bad' 1.0: not installed, dpkg: error processing package bad"))
            #expect(
                output.contains(
                    "package 'needs' 1.0: not installed, it needs 'gone': no archive of it is kept"))
            #expect(!output.contains("left '/usr/share/tool"))
            #expect(output.hasSuffix("Base-1.1"))
            // Nothing of them is in the running layer's mounts or processes.
            try vm.check("! grep imgbased-image /proc/mounts && ! ls /var/tmp/imgbased-image-*")
            try vm.reboot()
            try vm.expectStatus("Base-1.1", "trial")
            try vm.check(
                """
                set -ex
                test "$(cat /usr/share/tool/data /etc/tool.conf | tr '\n' ' ')" = 'data mine '
                test "$(dpkg-query -W -f '${db:Status-Status}' tool)" = installed
                if dpkg-query -W bad; then exit 1; fi
                test ! -e /usr/share/bad
                test ! -e /usr/sbin/policy-rc.d
                imgbase status | grep '^packages: *not installed again: bad, gone, needs;'
                imgbase packages | grep '^bad:all 1.0: not installed: dpkg: error processing package bad'
                imgbase base --verify
                # What kept it from being installed is gone.
                rm /etc/new-image
                if imgbase packages retry; then exit 1; fi
                test "$(cat /usr/share/bad)" = bad
                imgbase packages | grep '^bad:all 1.0: installed$'
                imgbase packages forget needs gone
                if imgbase status | grep '^packages:'; then exit 1; fi
                imgbase packages retry
                """, within: .minutes(5))
            #expect(try vm.follow(ReadmeBlock.goBack) == ["Base-0.1", ""])
            try vm.expectStatus("Base-0.1", "trial")
            try vm.check("test \"$(cat /etc/tool.conf)\" = mine && dpkg-query -W bad needs tool")
        }
    }

    @Test(
        "Files from standard input get their own file system, and the layer made of them boots",
        .checkAll)
    func files() throws {
        try Artefacts.updatable("files").run { vm in
            let output = try vm.check(
                """
                set -e
                mount /dev/vdb /mnt
                echo mine >/etc/local.conf
                # A base of the host is an image too, even that of the booted layer.
                lvchange --activate y --ignoreactivationskip HostVG/Base-0
                imgbase update --preview /dev/HostVG/Base-0 | grep "carried '/etc/local.conf'" >&2
                tar -C /mnt --numeric-owner --xattrs -c . | zstd -q -1 \
                    | imgbase update --name node-2-1 --filesystem xfs --size 800M -
                """, within: .minutes(10))
            #expect(output.hasSuffix("node-2-1+1"))
            try vm.reboot()
            try vm.expectStatus("node-2-1+1", "trial")
            try vm.expect("xfs mine", from: "echo $(findmnt -no FSTYPE /) $(cat /etc/local.conf)")
            try vm.check("imgbase base --verify node-2-1", within: .minutes(5))
            #expect(try vm.follow(ReadmeBlock.goBack) == ["Base-0.1", ""])
            try vm.expectStatus("Base-0.1", "trial")
        }
    }

    @Test("After a power cut in an update, the old or the new layer boots whole, and another update succeeds")
    func powerCut() throws {
        try Artefacts.updatable("update-cuts").run { vm in
            try vm.prepareUpdates()
            try vm.beginUpdate()
            // Of all steps, which `sweep` has, the one where old and new meet.
            try vm.expect("imgbase: record for the boot loader", within: .minutes(10))
            try vm.expectOldOrNewAfterCut()
            try vm.expectUpdateSucceeds()
        }
    }

    /// Each of two machines tests half of the steps.
    @Test(
        "After a power cut at any step of an update, the old or the new layer boots whole", .checkAll,
        arguments: [1, 2])
    func sweep(first: Int) throws {
        try Artefacts.updatable("update-sweep-\(first)").run { vm in
            try vm.prepareUpdates()
            var step = first
            while true {
                try vm.beginUpdate()
                var isOver = false
                for _ in 1...step where !isOver {
                    isOver = try vm.expect(oneOf: ["imgbase: ", "update is over"], within: .minutes(10)) == 1
                }
                if isOver {
                    // Finishing an interrupted update has fewer steps than a fresh one.
                    guard vm.transcript.contains("an update that was interrupted is finished") else { break }
                    try vm.check("imgbase boot --set-default Base-0.1")
                    continue
                }
                try vm.expectOldOrNewAfterCut()
                step += 2
            }
            #expect(step > 20, "every step was met")
            try vm.expectUpdateSucceeds()
        }
    }

    /// An administrator's changes to a host.
    private static let administrator = """
        set -e
        # Two bases are kept; an unpinned base without a booted layer would be removed.
        imgbase base --pin Base-1
        echo mine >/etc/local.conf
        echo early >/etc/early.conf
        echo 'Only for staff' >/etc/issue
        sed -i 's/^UMASK.*/UMASK 077/' /etc/login.defs
        rm /etc/issue.net
        useradd --system --uid 901 ours
        useradd --create-home --uid 1000 ada
        echo 'ada:secret' | chpasswd
        systemctl disable remote-fs.target
        systemctl mask apt-daily-upgrade.timer
        install -d -m 700 -o ada /srv/data
        echo kept >/srv/data/file
        echo '/srv/data' >/config/files
        # What people have outside /etc, and what no rule names.
        install -d -m 700 -o ada -g ada /home/ada/.ssh
        install -m 600 -o ada -g ada /dev/null /home/ada/.ssh/authorized_keys
        echo key >>/home/ada/.ssh/authorized_keys
        mkdir -p /usr/local/bin /var/spool/cron/crontabs /var/lib/app /var/cache/app
        echo tool >/usr/local/bin/tool
        echo '@daily true' >/var/spool/cron/crontabs/ada
        head -c 1M /dev/urandom >/var/lib/app/data
        echo noise >/var/cache/app/noise
        sync
        """

    /// Packages that an administrator builds and installs: one for every image, one that the next image does not
    /// suit, and one that needs another whose archive was lost.
    private static let addedPackages = """
        set -e
        mount /dev/vdb /mnt
        echo 'PRETTY_NAME="Debian, image 2"' >/mnt/usr/lib/os-release
        echo new >/mnt/etc/new-image
        # The test's images are made without it.
        mkdir -p /var/lib/dpkg/info /mnt/var/lib/dpkg/info
        umount /mnt
        mkdir -p /root/build && cd /root/build
        for name in tool bad needs gone; do
            mkdir -p $name/DEBIAN
            printf '%s\\n' "Package: $name" 'Version: 1.0' 'Architecture: all' 'Maintainer: me <me@example.org>' \
                'Description: a package' >$name/DEBIAN/control
        done
        mkdir -p tool/etc tool/usr/share/tool bad/usr/share
        echo data >tool/usr/share/tool/data
        echo shipped >tool/etc/tool.conf
        echo /etc/tool.conf >tool/DEBIAN/conffiles
        echo bad >bad/usr/share/bad
        printf '#!/bin/sh\\n[ ! -e /etc/new-image ]\\n' >bad/DEBIAN/postinst
        chmod 755 bad/DEBIAN/postinst
        echo 'Depends: gone' >>needs/DEBIAN/control
        for name in tool bad needs gone; do dpkg-deb --root-owner-group --build $name .; done
        dpkg --install ./*.deb
        rm /var/lib/imgbased/packages/gone_1.0_all.deb
        echo mine >/etc/tool.conf
        sync
        """

    /// The next image: the root image with changes.
    private static let newImage = """
        set -e
        mount /dev/vdb /mnt
        echo 'PRETTY_NAME="Debian, image 2"' >/mnt/usr/lib/os-release
        echo 'Debian image 2' >/mnt/etc/issue
        sed -i 's/^PASS_MAX_DAYS.*/PASS_MAX_DAYS 90/' /mnt/etc/login.defs
        echo two >/mnt/etc/new.conf
        chroot /mnt useradd --system --uid 901 service
        install -d -o 901 -g 901 /mnt/var/lib/service
        mkdir -p /mnt/etc/systemd/system/graphical.target.wants
        ln -s /lib/systemd/system/remote-fs.target /mnt/etc/systemd/system/graphical.target.wants/
        umount /mnt
        """

    /// Succeeds if the booted layer has the new image and the administrator's changes.
    private static let isCarried = """
        set -ex
        grep -q 'image 2' /usr/lib/os-release
        test "$(cat /etc/new.conf)" = two
        test "$(tail -n 1 /etc/local.conf)" = 'changed late'
        test "$(cat /etc/late.conf)" = late
        test ! -e /etc/early.conf
        test ! -e /etc/issue.net
        test "$(cat /etc/issue)" = 'Only for staff'
        test "$(imgbase conflicts)" = /etc/issue
        imgbase conflicts --diff /etc/issue | grep '^+Debian image 2'
        test "$(cat /home/ada/.ssh/authorized_keys /usr/local/bin/tool /var/spool/cron/crontabs/ada | tr '\n' ' ')" \
            = 'key tool @daily true '
        test "$(stat -c %U:%a /home/ada/.ssh)" = ada:700
        test ! -e /var/lib/app
        imgbase status | grep '^left: .*Base-0.1'
        imgbase status --acknowledge | grep "layer 'Base-0.1' may be removed"
        if imgbase status | grep '^left: '; then exit 1; fi
        imgbase check 2>&1 | grep 'conflicts: .*/etc/issue'
        imgbase conflicts --take ours /etc/issue
        test -z "$(imgbase conflicts)"
        grep -q '^UMASK 077' /etc/login.defs
        grep -q '^PASS_MAX_DAYS 90' /etc/login.defs
        test "$(id -u ours)" = 901
        test "$(id -u ada)" = 1000
        grep -q '^ada:[$]' /etc/shadow
        test "$(id -u service)" != 901
        test "$(stat -c %U:%G /var/lib/service)" = service:service
        if systemctl is-enabled remote-fs.target; then exit 1; fi
        test "$(systemctl is-enabled apt-daily-upgrade.timer)" = masked
        test "$(stat -c %U:%a /srv/data)" = ada:700
        test "$(cat /srv/data/file)" = kept
        test "$(cat /etc/machine-id)" = 5f3c1a7e8b0d4c2e9a6f0b1d2c3e4f50
        grep -q '^/dev/HostVG/Base-2.1 / ' /etc/fstab
        test "$(grep -c ' /config ' /etc/fstab)" = 1
        """
}

extension VM {
    /// Puts an image of another system on /dev/vdb, and changes the layer.
    fileprivate func prepareUpdates() throws {
        try check(
            """
            mount /dev/vdb /mnt && echo 'PRETTY_NAME="image 2"' >/mnt/usr/lib/os-release && umount /mnt
            echo mine >/etc/local.conf
            sync
            """)
    }

    /// Begins an update that logs its steps on the console.
    fileprivate func beginUpdate() throws {
        try check("{ imgbase --debug update /dev/vdb; echo update is over; } >/dev/console 2>&1 &")
    }

    /// Cuts the power, and expects that the old layer or the new one boots, whole.
    ///
    /// Ends in the old layer.
    fileprivate func expectOldOrNewAfterCut() throws {
        cutPower()
        try powerOn()
        try waitForGuest()
        let layer = try check("imgbase w | sed 's/You are on //'")
        try check("grep -q mine /etc/local.conf")
        // After its start, the system finishes outstanding work.
        try check("systemctl is-system-running --wait || true")
        if layer == "Base-0.1" { return }
        // The record already names the new layer as the next.
        try expect("", from: "imgbase recover --list")
        // Go back, to interrupt another update.
        try check("grep -q 'image 2' /usr/lib/os-release && imgbase boot --set-default Base-0.1")
        try reboot()
        try waitForGuest()
    }

    /// Expects that an update now succeeds, and that no debris of earlier updates is left.
    fileprivate func expectUpdateSucceeds() throws {
        try check("imgbase update /dev/vdb", within: .minutes(10))
        try expect("", from: "imgbase boot --verify")
        try expect("", from: "imgbase recover --list")
    }
}

import TestMachine
import Testing

/// An image installed on a blank disk, which then boots by itself.
@Suite struct InstallTests {
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKTKVxr1mDPyOUC6mQgFyYbRBNbGH8BnP2iXYqh9vDR6 admin@example"

    /// The identifier of the first partition of an unfinished installation.
    fileprivate static let mark = "1d6b05e1-1257-4a11-9f00-696d67626173"

    private static let settings = """
        set -e
        mkdir -p /run/over/etc/kernel /run/over/usr/local/sbin
        echo 'an overlay' >/run/over/etc/motd
        echo "$(cat /etc/kernel/cmdline) imgbased.test=1" >/run/over/etc/kernel/cmdline
        printf '#!/bin/sh\\necho local\\n' >/run/over/usr/local/sbin/local-tool
        chmod 755 /run/over/usr/local/sbin/local-tool
        chown -R 1000:1000 /run/over
        echo '\(key)' >/run/key.pub
        (umask 077; echo '$6$salt$hash' >/run/password)
        """

    private static let install = """
        imgbase install --root-password-file /run/password --ssh-key /run/key.pub --hostname node1 \\
            --overlay /run/over --size 1G --boot-size 256M /dev/vdb
        """

    @Test("An image installed on a blank disk boots from that disk alone, by BIOS and by UEFI", .checkAll)
    func bios() throws {
        let disks: [Disk] = [.readOnly(try Artefacts.image.image), .blank(mebibytes: 6144)]
        try Artefacts.bareSystem("install", disks: disks).run { vm in
            try vm.check(Self.settings)
            let before = try vm.check(Self.state)
            try vm.expectRefusals()
            try vm.expectInterruption("/dev/vdb /dev/vdc")
            let done = try vm.check(Self.install + " /dev/vdc", within: .minutes(15))
            #expect(done == "'/dev/vdc' boots 'Base-0.1' by BIOS and UEFI; boot from it to use it")
            // The system that installed it is as it was, and holds nothing of the disk.
            #expect(try vm.check(Self.state) == before)
            #expect(try vm.run("imgbase --vg Other install /dev/vdb /dev/vdc 2>&1").output.contains("--wipe"))
            vm.cutPower()
            vm.unplug(0)
            vm.unplug(1)

            try vm.powerOn(.firstDisk)
            try vm.expectInstalled()
            #expect(try vm.run("test -e /sys/firmware/efi").status != 0)
            try vm.shutDown()

            try vm.powerOn(.firstDisk, firmware: .uefi)
            try vm.expectInstalled()
            try vm.check("test -d /sys/firmware/efi")

            // Until the installation is complete, GRUB boots nothing.
            try vm.check("sfdisk -q --no-reread --force --part-uuid /dev/vda 1 \(Self.mark); sync")
            try vm.reboot()
            try vm.expect("installation on this disk is not complete", within: .minutes(4))
        }
    }

    @Test(
        "A machine installs itself on two disks with systemd-boot, as the kernel's arguments say", .checkAll)
    func unattended() throws {
        let image = try Artefacts.image
        let disks: [Disk] = [.readOnly(image.image), .blank(mebibytes: 3072), .blank(mebibytes: 3072)]
        try Artefacts.bareSystem("install-unattended", disks: disks).run { vm in
            try vm.check(
                Self.settings
                    + "\ntar -C /run/over -czf /root/over.tar.gz .; mv /run/key.pub /run/password /root"
            )
            // It starts afresh on what an interrupted run left, without a confirmation.
            try vm.expectInterruption("--loader systemd-boot /dev/vdb /dev/vdc /dev/vdd")
            try vm.check("sync")
            vm.cutPower()
            try vm.powerOn(image.boot("imgbased.install=/dev/vdc,/dev/vdd " + Self.arguments))
            try vm.expect("installing '/dev/vdb' on /dev/vdc, /dev/vdd", within: .minutes(5))
            try vm.expect("the installation is complete; next: poweroff", within: .minutes(10))
            try vm.waitForPowerOff(within: .minutes(2))

            // A machine that always starts like this installs itself once.
            try vm.powerOn(
                image.boot("imgbased.install=/dev/vdc,/dev/vdd imgbased.install.wipe=yes " + Self.arguments))
            try vm.expect(
                "'/dev/vdc' has a host of imgbased, with volume group 'HostVG'", within: .minutes(5))
            try vm.waitForGuest()
            try vm.shutDown()

            vm.unplug(0)
            vm.unplug(1)
            try vm.powerOn(.firstDisk, firmware: .uefi)
            try vm.expectInstalled(with: "systemd-boot")
            #expect(try vm.loaderVariable("LoaderInfo")?.hasPrefix("systemd-boot") == true)
            try vm.expect("", from: "grep -o imgbased.install /proc/cmdline /boot/loader/entries/*; :")
            // As just before the last write of an installation.
            try vm.check(
                """
                echo 'start=1MiB, size=257MiB, type=linux, uuid=\(Self.mark)' \
                    | sfdisk -q --no-reread --force --wipe never --wipe-partitions never -N 1 /dev/vda; sync
                """)
            try vm.reboot()
            _ = try vm.expect(oneOf: ["UEFI Interactive Shell", "No bootable option"], within: .minutes(4))
        }
    }

    private static let arguments = """
        imgbased.install.image=/dev/vdb imgbased.install.loader=systemd-boot imgbased.install.after=poweroff \
        imgbased.install.size=1G imgbased.install.boot-size=256M imgbased.install.hostname=node1 \
        imgbased.install.ssh-key=/root/key.pub imgbased.install.root-password-file=/root/password \
        imgbased.install.overlay=/root/over.tar.gz
        """

    /// The mounts, tables, variables and mapped devices of the system that installs.
    fileprivate static let state = """
        cat /etc/fstab; findmnt --list -no TARGET,SOURCE; dmsetup ls; ls -A /boot; ls -A /config 2>&1
        ls /sys/firmware/efi 2>&1 || :
        """
}

extension VM {
    /// Expects that nothing is changed on disks that are not empty or in use, and by a dry run.
    fileprivate func expectRefusals() throws {
        let written = "awk '{ print $7 }' /sys/block/vdc/stat"
        for (says, command) in [
            ("is in use by '/'", "imgbase install --wipe /dev/vdb /dev/vda"),
            ("'/dev/vdb' is read-only", "imgbase install --wipe /dev/vdb /dev/vdc /dev/vdb"),
            ("is no host name", "imgbase install --hostname a_b /dev/vdb /dev/vdc"),
            (
                "chmod 600",
                "cp /run/password /run/open; chmod 644 /run/open; "
                    + "imgbase install --root-password-file /run/open /dev/vdb /dev/vdc"
            ),
            (
                "is a pipe",
                "mkdir -p /run/odd/etc; mkfifo /run/odd/etc/x; imgbase install --overlay /run/odd /dev/vdb /dev/vdc"
            ),
            ("is too small by", "imgbase install --boot-size 9G /dev/vdb /dev/vdc"),
        ] {
            let result = try run("{ \(command); } 2>&1")
            #expect(result.status == 2, "\(command): \(result.output)")
            #expect(result.lines.count == 1, "\(command): \(result.output)")
            #expect(result.output.contains(says), "\(command): \(result.output)")
        }
        let shown = try check("imgbase --dry install --size 1G /dev/vdb /dev/vdc")
        for tool in ["sfdisk", "mkfs.vfat", "pvcreate", "lvcreate", "grub-install"] {
            #expect(shown.contains("/usr/sbin/\(tool) "), "\(shown)")
        }
        #expect(!shown.contains("$6$"))
        try expect("0", from: written)
        let filled = try run(
            "mkfs.ext4 -q /dev/vdc; imgbase install /dev/vdb /dev/vdc 2>&1; wipefs -qa /dev/vdc")
        #expect(
            filled.output.hasSuffix(
                "'/dev/vdc' is not empty: it has ext4; give --wipe if nothing on it is needed"))
    }

    /// Expects that an installation on /dev/vdc that ends in the middle leaves its mark.
    fileprivate func expectInterruption(_ arguments: String) throws {
        try check(
            """
            mkdir -p /etc/imgbased/hooks.d/new-base-added
            printf '#!/bin/sh\\nkill -9 $PPID\\n' >/etc/imgbased/hooks.d/new-base-added/kill
            chmod 755 /etc/imgbased/hooks.d/new-base-added/kill
            """)
        let killed = try run("imgbase install --size 1G \(arguments)", within: .minutes(10))
        #expect(killed.status == 137)
        try check(
            """
            rm -r /etc/imgbased/hooks.d/new-base-added
            lvs HostVG/Base-0 && sfdisk --part-uuid /dev/vdc 1 | grep -qix \(InstallTests.mark)
            """)
    }

    /// Expects the installed layer with all its settings.
    fileprivate func expectInstalled(with loader: String = "grub") throws {
        try expectBooted("Base-0.1", on: "Base-0")
        try check("imgbase boot --verify >&2")
        try expect("Base-0.1", from: "imgbase boot --get-default")
        try expect("node1\nan overlay\nlocal", from: "uname -n; cat /etc/motd; local-tool")
        try expect("root:$6$salt$hash", from: "grep ^root: /etc/shadow | cut -d: -f1,2")
        try expect(
            "700 600 0",
            from: "echo $(stat -c %a /root/.ssh /root/.ssh/authorized_keys) $(stat -c %u /etc/motd)")
        try check(
            "grep -qx '\(InstallTests.keyLine)' /root/.ssh/authorized_keys && grep -q imgbased.test=1 /proc/cmdline"
        )
        let mounts = ["/", "/boot"] + (loader == "grub" ? ["/boot/efi"] : []) + ["/config"]
        try expect(
            mounts.joined(separator: "\n"),
            from:
                "findmnt --fstab -no TARGET | sort && mountpoint -q \(mounts.joined(separator: " && mountpoint -q "))"
        )
        // An update carries what is in /etc, and what the list names.
        try expect(
            "/root/.ssh/authorized_keys\n/usr/local/sbin/local-tool",
            from: "grep -v '#' /config/files.d/install")
        #expect(try check("imgbase status").contains("Base-0.1"))
    }
}

extension InstallTests {
    fileprivate static var keyLine: String { key }
}

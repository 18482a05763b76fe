import TestMachine
import Testing

/// The conversion of a host that runs from no layer: the running system becomes the first layer.
@Suite struct ConversionTests {
    private static let convert = "imgbase layout init --from"

    @Test(
        "A running system is tried as a layer, and the host returns to its old root if that does not come up",
        .checkAll)
    func road() throws {
        try Artefacts.rescueSystem("converted").run { vm in
            // The system on the second disk becomes an ordinary host: its kernel is in /boot, GRUB boots it,
            // and a partition is free.
            try vm.check(
                """
                set -e
                mkdir /run/kernel
                mv /boot/vmlinuz-* /boot/initrd.img-* /run/kernel
                mount /dev/vda3 /boot
                rm -r /boot/loader/entries/* /boot/grub/imgbased.* /boot/imgbased/*
                mv /run/kernel/* /boot
                \(VM.oldEntry("$(cat /proc/cmdline)"))
                vgremove -q -q -ff -y HostVG
                pvremove -q -q /dev/vda4
                imgbase boot uninstall
                dd if=/dev/zero of=/swapfile bs=4k count=64 status=none
                chmod 600 /swapfile
                mkswap -q /swapfile
                swapon /swapfile
                echo '/swapfile none swap sw 0 0' >>/etc/fstab
                """)
            let before = try vm.check(Self.oldRoot)
            try vm.expectRefusals()
            // The process dies while it copies.
            let options = "--base-size 512M --size 2G --config-size 32M /dev/vda4"
            let killed = try vm.run(
                """
                \(Self.convert) / \(options) &
                udevadm wait --timeout=300 /dev/HostVG/Base-0
                kill -9 $!
                wait $!
                status=$?
                # The tools that it had run may hold the volume for a moment.
                for process in $(pidof lvcreate mkfs.ext4); do tail --pid=$process -f /dev/null; done
                exit $status
                """, within: .minutes(10))
            #expect(killed.status == 137)
            try vm.check("lvs HostVG/Base-0")
            let done = try vm.run(
                "\(Self.convert) /dev/vdb --name host-1-1 \(options) 2>&1", within: .minutes(10))
            #expect(
                done.output
                    == "imgbase: swap files are no part of the base: '/swapfile'\nhost-1-1+1")
            #expect(try vm.check(Self.oldRoot) == before)
            try vm.expect("host-1-1\n +- host-1-1+1", from: "imgbase layout")
            #expect(
                try vm.check("imgbase status").contains(
                    """
                    booted:     not from a layer
                    default:    what the boot loader has besides layers, until one has come up healthy
                    next boot:  host-1-1+1 (trial, 3 tries left)
                    """))
            try vm.check("! imgbase boot --get-default && imgbase boot --verify")
            let again = try vm.run("\(Self.convert) / \(options) 2>&1")
            #expect(again.status == 2 && again.output.contains("there is a layer already, 'host-1-1+1'"))
            try vm.expectReturnAndThenTrial(of: "host-1-1+1")
            let report = try vm.bootReport()
            #expect(report.layer == "host-1-1+1" && report.base == "host-1-1")
            try vm.expect("/dev/mapper/HostVG-host--1--1+1", from: "findmnt -no SOURCE /")
            try vm.expect("running", from: "systemctl is-system-running --wait || systemctl --failed")
            try vm.expect(
                """
                /dev/HostVG/host-1-1+1 / ext4 defaults,discard 0 1
                LABEL=boot /boot ext4 defaults 0 2
                /dev/HostVG/Config /config ext4 defaults,nofail,discard 0 2
                """, from: "cat /etc/fstab")
            try vm.check("mountpoint -q /boot && mountpoint -q /config && test ! -e /swapfile")
            try vm.expect("", from: "swapon --noheadings")
            try vm.expectUnchanged(base: "host-1-1")
        }
    }

    @Test(
        "A system on a volume becomes a layer in the group of the volume; the base of a thin one is a snapshot",
        .checkAll, arguments: [true, false])
    func volume(isThin: Bool) throws {
        try Artefacts.rescueSystem("converted-\(isThin ? "thin" : "plain")").run { vm in
            let volume =
                isThin
                ? "lvcreate -q -q -kn -s -n root HostVG/Base-0"
                : """
                lvchange -q -q -K -ay HostVG/Base-0
                lvcreate -q -q -y -L 1G -n root HostVG
                dd if=/dev/HostVG/Base-0 of=/dev/HostVG/root bs=1M oflag=direct status=none
                """
            try vm.check(
                """
                set -e
                mount /dev/vda3 /boot
                mv $(ls -d /boot/imgbased/*/linux | head -n 1) /boot/vmlinuz-$(uname -r)
                mv $(ls -d /boot/imgbased/*/initrd | head -n 1) /boot/initrd.img-$(uname -r)
                rm -r /boot/loader/entries/* /boot/grub/imgbased.* /boot/imgbased/*
                \(VM.oldEntry("$(cat /etc/kernel/cmdline) root=/dev/HostVG/root rd.lvm.lv=HostVG/root ro"))
                \(volume)
                lvremove -q -q -y HostVG/Base-0.1 HostVG/Base-0.2 HostVG/Base-1.1 HostVG/Base-0 HostVG/Base-1
                lvremove -q -q -y HostVG/Config
                \(isThin ? "lvchange --deltag imgbased:pool HostVG/ImagePool" : "lvremove -q -q -y HostVG/ImagePool")
                vgchange --deltag imgbased:vg HostVG
                vgrename HostVG host
                """, within: .minutes(5))
            // GRUB does not replay a journal.
            try vm.check("sed -i 's|HostVG|host|g' /boot/grub/custom.cfg && umount /boot && sync")
            vm.cutPower()
            try vm.powerOn(.firstDisk)
            try vm.waitForGuest(within: .minutes(6))
            try vm.expect("/dev/mapper/host-root", from: "findmnt -no SOURCE /")
            try vm.expect("running", from: "systemctl is-system-running --wait || systemctl --failed")
            try vm.expect(
                "Base-0.1", from: "\(Self.convert) host/root \(isThin ? "" : "--size 3G")",
                within: .minutes(10))
            try vm.expect(
                isThin ? "root" : "", from: "lvs --noheadings -o origin host/Base-0 | tr -d ' '")
            try vm.reboot()
            try vm.expectStatus("Base-0.1", "trial")
            try vm.expect("/dev/mapper/host-Base--0.1", from: "findmnt -no SOURCE /")
            try vm.expect("Base-0.1", from: "imgbase boot get-default")
            try vm.check("imgbase base verify", within: .minutes(5))
            try vm.check("imgbase check", within: .minutes(5))
        }
    }

    /// What a conversion must not change on the old root.
    private static let oldRoot = "cat /etc/fstab; ls -A /boot/vmlinuz* /; findmnt --list -no TARGET,SOURCE"
}

extension VM {
    /// Commands that give GRUB an entry of its own, which boots by the newest kernel in /boot with
    /// `arguments`.
    fileprivate static func oldEntry(_ arguments: String) -> String {
        """
        printf 'menuentry "Old system" {\\n linux /%s %s\\n initrd /%s\\n}\\n' \\
            $(cd /boot; ls vmlinuz-*) "\(arguments)" $(cd /boot; ls initrd.img-*) >/boot/grub/custom.cfg
        """
    }

    /// Expects that what cannot be converted is refused in one line, and that a dry run changes nothing.
    fileprivate func expectRefusals() throws {
        for (says, command) in [
            ("which is on '/dev/vdb'", "imgbase layout init --from /dev/vda3 /dev/vda4"),
            ("which is on '/dev/vdb'", "imgbase layout --init --from HostVG/root /dev/vda4"),
            ("is in use by '/'", "imgbase layout --init --from / /dev/vdb"),
            ("only with --from", "imgbase layout init --base-size 1G /dev/vda4"),
            (
                "'/boot' is in /etc/fstab but not mounted",
                "umount /boot; imgbase layout init --from / /dev/vda4"
            ),
        ] {
            let result = try run("{ \(command); } 2>&1; status=$?; mount -a; exit $status")
            #expect(result.status == 2, "\(command): \(result.output)")
            #expect(result.output.contains(says), "\(command): \(result.output)")
        }
        let shown = try check("imgbase --dry layout init --from / --size 2G /dev/vda4")
        for step in ["pvcreate", "write the running system to base 'Base-0'", "declare layer 'Base-0.1'"] {
            #expect(shown.contains(step), "\(shown)")
        }
        try expect("", from: "pvs --noheadings; vgs --noheadings; ls /boot/loader/entries")
    }
}

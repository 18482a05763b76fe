import TestMachine
import Testing

/// A disk as oVirt's imgbased lays it out: by its own calls of lvm2, with its tags, names and boot entries.
@Suite struct OVirtTests {
    /// Its calls for `imgbase layout --init` on the thin volume of an installed system (imgbase.py,
    /// `init_tags_on`, `init_layout_from`, `_add_lvm_snapshot`; utils.py, `Ext4.randomize_uuid`).
    private static let initialize = """
        lvchange --addtag imgbased:init onn/root
        vgchange --addtag imgbased:vg onn
        lvchange --addtag imgbased:pool onn/pool00
        layer() {
            lvchange --activate y "onn/$1" --ignoreactivationskip
            lvcreate --snapshot --name "$2" "onn/$1"
            lvchange --activate y "onn/$2" --ignoreactivationskip
            lvchange --addtag imgbased:layer "onn/$2"
            e2fsck -f -y "/dev/onn/$2" || [ $? = 1 ]
            tune2fs -U random "/dev/onn/$2"
            lvchange --setactivationskip "$3" "onn/$2"
        }
        layer root node-4.5.1-1 y
        layer node-4.5.1-1 node-4.5.1-1+1 n
        lvchange --setactivationskip y onn/node-4.5.1-1
        """

    /// Its layer, and its entry: for grubby with BLS, and in grub.cfg without (bootsetup.py, bootloader.py).
    private static let entry = """
        mount /dev/onn/node-4.5.1-1+1 /mnt
        sed -i 's|^/dev/root .*|/dev/onn/node-4.5.1-1+1 / ext4 defaults,discard 1 1|' /mnt/etc/fstab
        umount /mnt
        version=$(uname -r) directory=/boot/node-4.5.1-1+1
        mkdir $directory
        mv $(ls -d /boot/imgbased/*/linux | head -n 1) $directory/vmlinuz-$version
        mv $(ls -d /boot/imgbased/*/initrd | head -n 1) $directory/initramfs-$version.img
        arguments="$(cat /etc/kernel/cmdline) ro rd.lvm.lv=onn/node-4.5.1-1+1 root=/dev/onn/node-4.5.1-1+1"
        arguments="$arguments boot=UUID=$(findmnt -no UUID /boot) rootflags=discard img.bootid=node-4.5.1-1+1"
        rm -r /boot/loader/entries/* /boot/grub/imgbased.* /boot/imgbased/*
        cat >/boot/loader/entries/node-4.5.1-1+1-$version.conf <<END
        title node-4.5.1-1 ($version)
        version $version
        linux /node-4.5.1-1+1/vmlinuz-$version
        initrd /node-4.5.1-1+1/initramfs-$version.img
        options $arguments
        END
        cat >/boot/grub/custom.cfg <<END
        menuentry "node-4.5.1-1 ($version)" {
          linux /node-4.5.1-1+1/vmlinuz-$version $arguments
          initrd /node-4.5.1-1+1/initramfs-$version.img
        }
        END
        """

    @Test("A host of oVirt's imgbased boots by the helper, is listed, updated, and goes back", .checkAll)
    func host() throws {
        let disks: [Disk] = [.overlay(of: try Artefacts.image.image)]
        try Artefacts.rescueSystem("ovirt", disks: disks).run { vm in
            // As Anaconda: a group with a thin pool and the system on a thin volume.
            try vm.check(
                """
                set -e
                mount /dev/vda3 /boot
                imgbase boot uninstall
                lvcreate -q -q -kn -s -n root HostVG/Base-0
                lvremove -q -q -y HostVG/Base-0.1 HostVG/Base-0.2 HostVG/Base-1.1 HostVG/Base-0 HostVG/Base-1
                lvremove -q -q -y HostVG/Config
                lvchange --deltag imgbased:pool HostVG/ImagePool
                vgchange --deltag imgbased:vg HostVG
                lvrename HostVG/ImagePool pool00
                vgrename HostVG onn
                \(Self.initialize)
                \(Self.entry)
                """, within: .minutes(5))
            let foreign =
                "cat /boot/loader/entries/node-*.conf /boot/grub/custom.cfg; ls /boot/node-4.5.1-1+1"
            let before = try vm.check(foreign)
            // GRUB does not replay a journal.
            try vm.check("umount /boot && sync")
            vm.cutPower()
            try vm.powerOn(.firstDisk)
            try vm.waitForGuest(within: .minutes(6))
            let report = try vm.bootReport()
            #expect(report.layer == "node-4.5.1-1+1" && report.base == "node-4.5.1-1")
            #expect(report.volumeGroup == "onn" && report.activatedBy == "native")
            try vm.expect("You are on node-4.5.1-1+1", from: "imgbase w")
            try vm.expect("node-4.5.1-1\n +- node-4.5.1-1+1 (booted)", from: "imgbase layout")

            try vm.check(
                """
                set -e
                imgbase layout init --config-size 32M
                imgbase boot install
                imgbase boot refresh
                echo changed >/etc/motd
                """, within: .minutes(5))
            try vm.expect("node-4.5.1-1+1", from: "imgbase boot list | cut -d' ' -f1")
            try vm.check("imgbase update --name node-4.5.2-1 --size 1G /dev/vdc", within: .minutes(10))
            #expect(
                try vm.check("imgbase status").contains(
                    """
                    booted:     node-4.5.1-1+1 (not told by the boot loader)
                    default:    what the boot loader has besides layers, until one has come up healthy
                    next boot:  node-4.5.2-1+1 (trial, 3 tries left)
                    """))
            try vm.reboot()
            try vm.expectStatus("node-4.5.2-1+1", "trial")
            try vm.expect("changed", from: "cat /etc/motd")
            try vm.expect("node-4.5.2-1+1", from: "imgbase boot get-default")
            #expect(try vm.check(foreign) == before)

            // Back, by the entry that it got.
            try vm.check("imgbase rollback", within: .minutes(5))
            try vm.reboot()
            try vm.expectStatus("node-4.5.1-1+1", "trial")
            // The argument of its own entries alone is enough.
            try vm.restart("img.bootid=node-4.5.1-1+1")
            try vm.waitForGuest(within: .minutes(6))
            #expect(try vm.bootReport().chosenBy == "img.bootid=node-4.5.1-1+1")
        }
    }
}

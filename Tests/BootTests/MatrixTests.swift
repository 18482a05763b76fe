import Foundation
import TestMachine
import Testing

/// Hosts of every kind, laid out and installed by hand as the README says, each booted from its own disks.
@Suite struct MatrixTests {
    private static let table = MatrixTable()

    @Test func everyTwoValuesOccurTogether() {
        let seen = Set(BootMatrix.pairwise.flatMap(BootMatrix.pairs))
        #expect(seen == Set(BootMatrix.all.flatMap(BootMatrix.pairs)))
        #expect(BootMatrix.pairwise.count < BootMatrix.all.count / 5)
    }

    @Test("A host of every kind boots its first layer", .checkAll, arguments: BootMatrix.pairwise)
    func boots(kind: HostKind) throws {
        let start = ContinuousClock.now
        let image = try RootImage.current(kind.release)
        let index = try #require(BootMatrix.pairwise.firstIndex(of: kind))
        var machine = try image.machine(
            name: "matrix-\(index)",
            disks: [
                .blank(mebibytes: 4096), .blank(mebibytes: 4096), .overlay(of: image.image),
                .readOnly(kind.initramfs.file(kind.release)), .blank(mebibytes: 2048),
            ])
        machine.firmware = kind.firmware
        try machine.run { vm in
            try vm.waitForGuest()
            let id = try vm.install(kind)
            vm.cutPower()
            for other in [0, 3, 4, 5] { vm.unplug(other) }

            try vm.powerOn(.firstDisk)
            if kind.disks == .luks { try vm.typePassphrase("secret") }
            let report = try vm.expectBooted("Base-0.1", on: "Base-0")
            #expect(report.warnings == [])
            try vm.expect(kind.fileSystem, from: "findmnt -no FSTYPE /")
            try vm.expect(
                kind.firmware == .uefi ? "yes" : "no",
                from: "test -d /sys/firmware/efi && echo yes || echo no")
            // The trial was good.
            try vm.expect("Base-0.1", from: "imgbase boot --get-default")
            try vm.check("imgbase boot --verify")
            let volumes = try vm.check("pvs --noheadings -o pv_name | xargs").split(separator: " ")
            #expect(volumes.count == (kind.disks == .two ? 2 : 1))
            if kind.disks == .luks { #expect(volumes == ["/dev/mapper/luks-\(id)"]) }
        }
        try Self.table.add(
            kind, seconds: Int((ContinuousClock.now - start).components.seconds),
            to: BuildDirectory.logs() + "/matrix.md")
    }
}

extension VM {
    /// Installs a host of `kind` on /dev/vdb and /dev/vdc, from the image on /dev/vdd and the initramfs on
    /// /dev/vde; /dev/vdf is for temporary files.
    ///
    /// - Returns: the UUID of the encrypted partition; empty if none is encrypted.
    fileprivate func install(_ kind: HostKind) throws -> String {
        try check(InstalledDisk.partitioning(espMebibytes: 256))
        try check(kind.loader.script, within: .minutes(5))
        let volumes: String
        switch kind.disks {
        case .plain: volumes = "/dev/vdb4"
        case .two: volumes = "/dev/vdb4 /dev/vdc"
        case .luks:
            volumes = "/dev/mapper/secrets"
            try check(
                """
                set -e
                printf secret | cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/vdb4 -
                printf secret | cryptsetup open /dev/vdb4 secrets -
                """)
        }
        let id = kind.disks == .luks ? try check("blkid -s UUID -o value /dev/vdb4") : ""
        let boot =
            kind.loader == .systemdBoot
            ? "LABEL=ESP /boot vfat umask=0077 0 2" : "LABEL=boot /boot ext4 defaults 0 2"
        let size = kind.disks == .two ? "5G" : "2G"
        try check(
            """
            set -e
            imgbase layout --init --size \(size) --config-size 32M \(volumes)
            mount /dev/vdd /mnt
            sed -i 's|^LABEL=boot .*|\(boot)|' /mnt/etc/fstab
            cat /dev/vde >"$(ls /mnt/boot/initrd.img-*)"
            """, within: .minutes(5))
        if kind.fileSystem == "xfs" {
            try check(
                """
                set -e
                # imgbase unpacks the files first.
                mkfs.ext4 -q /dev/vdf
                mount /dev/vdf /var/tmp
                tar -C /mnt --numeric-owner -cf - . | imgbase base --add --filesystem xfs --size 1G -
                umount /mnt /var/tmp
                """, within: .minutes(15))
        } else {
            try check("umount /mnt && imgbase base --add --size 1G /dev/vdd", within: .minutes(10))
        }
        try expect("Base-0.1", from: "imgbase layer --add", within: .minutes(5))
        if kind.disks == .luks {
            try check("imgbase boot --args-add Base-0.1 rd.luks.uuid=\(id)")
        }
        try check(
            """
            set -e
            imgbase boot --install
            imgbase boot --verify
            umount --recursive /boot
            ! mountpoint -q /config || umount /config
            vgchange -q -a n HostVG
            sync /dev/vdb /dev/vdc
            """, within: .minutes(2))
        return id
    }
}

extension HostKind.Loader {
    /// Commands that install the boot loader on /dev/vdb and leave its /boot mounted.
    fileprivate var script: String {
        let grub = """
            set -e
            mount /dev/vdb3 /boot
            mount --mkdir /dev/vdb2 /boot/efi
            chmod -x /etc/grub.d/10_linux /etc/grub.d/20_linux_xen

            """
        return switch self {
        case .grubBIOS:
            grub
                + "grub-install --target=i386-pc --boot-directory=/boot /dev/vdb; grub-mkconfig -o /boot/grub/grub.cfg"
        case .grubUEFI:
            grub
                + """
                grub-install --target=x86_64-efi --efi-directory=/boot/efi --boot-directory=/boot --removable \
                    --no-nvram
                grub-mkconfig -o /boot/grub/grub.cfg
                """
        case .systemdBoot:
            "set -e; mount /dev/vdb2 /boot; bootctl install --no-variables; printf 'timeout 2\\n' >/boot/loader/loader.conf"
        }
    }
}

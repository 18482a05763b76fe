import Foundation

/// Sanity tests of delivered images, each in a machine that boots the image as its user does.
///
/// Each test throws at the first thing that is wrong.
public enum ImageCheck {
    /// The memory of the machines in MiB, as README names it.
    private static let memory = 1024

    /// Boots an overlay of `disk` by `firmware`, from its unattended menu to a login on the console.
    ///
    /// The layer must come up healthy, and the host must have no problem. On BIOS the disk is QEMU's `-hda`.
    /// There, the base must be unchanged and open to nobody, and the host must take each of `payloads`.
    public static func disk(_ disk: String, login: Login, firmware: Firmware, payloads: [String] = []) throws
    {
        var machine = Machine(
            name: "image.\(firmware)", disks: ([disk] + payloads).map { .overlay(of: $0) },
            firmware: firmware, memory: memory)
        if firmware == .bios { machine.bus = .ide }
        try machine.run { vm in
            try vm.expectHost(login)
            guard firmware == .bios else {
                try vm.check("test -d /sys/firmware/efi")
                return
            }
            try vm.check("findmnt -no SOURCE /boot | grep /dev/sda")
            try vm.check("imgbase base verify", within: .minutes(10))
            // Nothing that identifies a machine is in the base, and nothing that lets anybody in.
            try vm.check(
                """
                set -e
                lvchange -K -ay HostVG/Base-0
                mount -o ro,noload /dev/HostVG/Base-0 /mnt
                [ "$(stat -c %s /mnt/etc/machine-id)" = 0 ]
                [ -z "$(find /mnt/etc/ssh /mnt/root -name 'ssh_host_*' -o -name authorized_keys)" ]
                grep '^root:[!*]' /mnt/etc/shadow
                umount /mnt
                lvchange -an HostVG/Base-0
                """)
            for index in payloads.indices {
                let device = "/dev/sd" + String(UnicodeScalar(UInt8(ascii: "b") + UInt8(index)))
                try vm.check("imgbase --dry base add --size 3G \(device)", within: .minutes(15))
            }
        }
    }

    /// Boots the ISO image `file` to a login: by BIOS as a CD, by UEFI as a USB stick.
    ///
    /// From the CD, its image is installed on a blank disk, which then boots alone.
    public static func iso(_ file: String, login: Login, firmware: Firmware) throws {
        var machine = Machine(
            name: "iso.\(firmware)", disks: [.readOnly(file), .blank(mebibytes: 8192)], firmware: firmware,
            memory: memory)
        if firmware == .bios { machine.bus = .ide }
        try machine.run { vm in
            try vm.logIn(login)
            try vm.expectLive()
            try vm.check("test -e /run/initramfs/live/LiveOS/squashfs.img")
            guard firmware == .bios else {
                try vm.check("imgbase --dry install --size 3G /dev/live-base /dev/vdb | grep grub-install")
                return
            }
            try vm.check(
                """
                set -e
                (umask 077; grep ^root: /etc/shadow | cut -d : -f 2 >/run/hash)
                imgbase install --root-password-file /run/hash --size 3G /dev/live-base /dev/sda
                """, within: .minutes(20))
            try vm.shutDown()
            vm.unplug(0)
            try vm.powerOn(.firstDisk)
            try vm.expectHost(login)
        }
    }

    /// Boots by iPXE from a directory of `LiveSystem.makePXE`: the script by TFTP, all else over HTTP.
    ///
    /// The live system installs itself as the kernel's arguments in the script say; the disk boots by UEFI.
    public static func pxe(of release: DebianTree = .bookworm) throws {
        let directory = try BuildDirectory.makeScratch("pxe")
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try HTTPServer(of: directory)
        let (login, url) = (Login(), "http://10.0.2.2:\(server.port)")
        try LiveSystem.makePXE(directory, of: release, login: login, url: url)
        try login.write(into: directory + "/login")
        let arguments = """
            imgbased.install=/dev/vda imgbased.install.size=3G imgbased.install.after=stay \
            imgbased.install.root-password-file=\(url)/login/hash
            """
        try HostCommand.run("sed", "-i", "/^kernel /s|$| \(arguments)|", directory + "/boot.ipxe")
        // The system is in memory.
        let machine = Machine(
            name: "pxe", disks: [.blank(mebibytes: 8192)],
            boot: .network(tftp: directory, file: "boot.ipxe"), memory: 2 * memory)
        try machine.run { vm in
            try vm.logIn(login)
            try vm.expectLive(within: .minutes(20))
            try vm.check("systemctl is-active imgbased-install.service")
            try vm.shutDown()
            try vm.powerOn(.firstDisk, firmware: .uefi)
            try vm.expectHost(login)
        }
    }
}

extension VM {
    /// Logs in by `login`, and throws unless a host of imgbased has come up healthy from its first layer.
    fileprivate func expectHost(_ login: Login) throws {
        try logIn(login)
        try expectRunning()
        try check(
            """
            set -e
            [ "$(imgbase layer current)" = Base-0.1 ]
            [ "$(imgbase boot get-default)" = Base-0.1 ]
            imgbase status
            imgbase check
            findmnt /config
            findmnt /boot/efi
            ls /etc/ssh/ssh_host_ed25519_key
            """)
    }

    /// Throws unless all units have started, none of them failed.
    fileprivate func expectRunning(within limit: Duration = .minutes(5)) throws {
        try check(
            """
            systemctl is-system-running --wait || {
                systemctl --failed
                journalctl -b -p err --no-pager
                false
            }
            """,
            within: limit)
    }

    /// Throws unless a live system has come up.
    fileprivate func expectLive(within limit: Duration = .minutes(5)) throws {
        try expectRunning(within: limit)
        try check(
            """
            set -e
            [ "$(findmnt -no SOURCE /)" = /dev/mapper/live-rw ]
            grep -q root=live: /proc/cmdline
            """)
    }
}

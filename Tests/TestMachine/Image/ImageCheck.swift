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
            try vm.logIn(login)
            try vm.expectRunning()
            try vm.check(
                """
                set -e
                [ "$(imgbase layer current)" = Base-0.1 ]
                [ "$(imgbase boot get-default)" = Base-0.1 ]
                imgbase check
                findmnt /config
                findmnt /boot/efi
                ls /etc/ssh/ssh_host_ed25519_key
                """)
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
    public static func iso(_ file: String, login: Login, firmware: Firmware) throws {
        var machine = Machine(
            name: "iso.\(firmware)", disks: [.readOnly(file), .blank(mebibytes: 8192)], firmware: firmware,
            memory: memory)
        if firmware == .bios { machine.bus = .ide }
        try machine.run { vm in
            try vm.logIn(login)
            try vm.expectLive(disk: firmware == .bios ? "/dev/sda" : "/dev/vdb")
            try vm.check("test -e /run/initramfs/live/LiveOS/squashfs.img")
        }
    }

    /// Boots by iPXE from a directory of `LiveSystem.makePXE`: the script by TFTP, all else over HTTP.
    public static func pxe(of release: DebianTree = .bookworm) throws {
        let directory = try BuildDirectory.makeScratch("pxe")
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try HTTPServer(of: directory)
        let login = Login()
        try LiveSystem.makePXE(
            directory, of: release, login: login, url: "http://10.0.2.2:\(server.port)")
        // The system is in memory.
        let machine = Machine(
            name: "pxe", disks: [.blank(mebibytes: 8192)],
            boot: .network(tftp: directory, file: "boot.ipxe"), memory: 2 * memory)
        try machine.run { vm in
            try vm.logIn(login)
            try vm.expectLive(disk: "/dev/vda")
        }
    }
}

extension VM {
    /// Throws unless all units have started, none of them failed.
    fileprivate func expectRunning() throws {
        try check(
            """
            systemctl is-system-running --wait || {
                systemctl --failed
                journalctl -b -p err --no-pager
                false
            }
            """,
            within: .minutes(5))
    }

    /// Throws unless a live system has come up, and can be installed on the blank `disk`.
    fileprivate func expectLive(disk: String) throws {
        try expectRunning()
        try check(
            """
            set -e
            [ "$(findmnt -no SOURCE /)" = /dev/mapper/live-rw ]
            grep -q root=live: /proc/cmdline
            cat /dev/live-base | imgbase --dry install --size 3G - \(disk) | grep grub-install
            """)
    }
}

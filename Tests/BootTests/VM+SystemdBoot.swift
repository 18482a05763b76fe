import Foundation
import TestMachine
import Testing

extension Artefacts {
    /// A machine with UEFI that starts the layer `Base-0.1` without a boot loader.
    ///
    /// Writes to the installed disk are discarded.
    static func machineForSystemdBoot(_ name: String) throws -> Machine {
        try machine(name, booting: "rd.imgbased.layer=Base-0.1", firmware: .uefi)
    }

    /// A machine with UEFI and the installed disk that starts a system on another disk.
    ///
    /// The system starts without a boot loader.
    static func rescueSystemWithUEFI(_ name: String) throws -> Machine {
        try Machine(
            name: name, disks: [.overlay(of: disk.disk), .overlay(of: image.image)], boot: VM.rescue,
            firmware: .uefi)
    }
}

extension VM {
    /// Turns the host into one with systemd-boot. Layer `Base-0.1` must be booted.
    ///
    /// The ESP is /boot in every layer and has the entries with their kernels. The firmware finds
    /// systemd-boot if its variables are empty.
    func turnIntoSystemdBootHost() throws {
        try check(
            """
            set -e
            mount --mkdir /dev/disk/by-label/ESP /run/esp
            cp -r /boot/imgbased /boot/loader /run/esp
            umount /run/esp /boot
            for layer in Base-0.1 Base-0.2 Base-1.1; do
                root=
                if [ $layer != Base-0.1 ]; then
                    root=/mnt
                    lvchange -ay HostVG/$layer
                    mount /dev/HostVG/$layer $root
                fi
                sed -i 's|^LABEL=boot .*|LABEL=ESP /boot vfat umask=0077 0 2|' $root/etc/fstab
                [ -z "$root" ] || umount $root
            done
            systemctl daemon-reload
            systemctl start boot.mount
            bootctl install --no-variables
            printf 'timeout 5\\n' >/boot/loader/loader.conf
            sync
            """)
    }

    /// Makes the booted rescue system bootable by systemd-boot. The ESP is /boot.
    ///
    /// The installed disk then has a pool and a base, and no layers.
    func turnIntoSystemdBootHostWithoutLayers() throws {
        try check(
            """
            set -e
            mount /dev/vda3 /mnt
            mount /dev/vda2 /boot
            cp /mnt/imgbased/*/linux /mnt/imgbased/*/initrd /boot
            umount /mnt
            lvremove -q -q -y HostVG/Base-0.1 HostVG/Base-0.2 HostVG/Base-1.1 HostVG/Base-1
            bootctl install --no-variables
            mkdir -p /boot/loader/entries
            printf 'timeout 5\n' >/boot/loader/loader.conf
            printf 'title Old system\nsort-key debian\nlinux /linux\ninitrd /initrd\noptions %s\n' "$(cat /proc/cmdline)" \
                >/boot/loader/entries/debian.conf
            sync
            """)
    }

    /// Cuts the power and starts the machine from its disk.
    func restartFromDisk() throws {
        cutPower()
        try powerOn(.firstDisk)
    }

    /// The files of the layers' entries.
    func entryFiles() throws -> [String] {
        try check("cd /boot/loader/entries && ls").split(separator: "\n").map(String.init)
    }

    /// The content of systemd-boot's EFI variable `name`; `nil` if there is none.
    func loaderVariable(_ name: String) throws -> String? {
        let file = "/sys/firmware/efi/efivars/\(name)-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
        // Four bytes of attributes, then UTF-16 (ASCII only here), with a zero at the end.
        let result = try run("test -e \(file) && cat \(file) | tail -c +5 | tr -d '\\000'")
        return result.status == 0 ? result.output : nil
    }
}

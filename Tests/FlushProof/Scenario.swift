import TestMachine

/// Commands on a running host whose power can fail at any moment.
public struct Scenario: Sendable {
    /// A step, with an old state before and a new state after.
    public enum Step: Sendable {
        /// A command, run in the guest by `sh`.
        case run(String)
        /// A command, then a shutdown. /etc of the layer booted next must be entirely old or entirely new.
        case shutDown(String)
        /// The machine starts, and the system comes up.
        case start
        /// The machine starts a bad layer, and the system then reboots into another layer.
        case startAnother

        /// The title in reports; a command's title is also the script to repeat after a power cut.
        var title: String {
            switch self {
            case .run(let script): script
            case .shutDown(let script): script + "; poweroff"
            case .start: "(start)"
            case .startAnother: "(start, and start another)"
            }
        }
    }

    /// A supported boot loader.
    public enum Loader: String, Codable, Sendable {
        case grub
        case systemdBoot
    }

    /// The boot loader of the host.
    public private(set) var loader = Loader.grub
    /// The name of the scenario and its files.
    public private(set) var name: String
    /// The script that prepares the guest.
    private(set) var preparation: String
    private(set) var steps: [Step]

    private init(_ name: String, preparation: String = "", _ scripts: String..., then steps: [Step] = []) {
        self.name = name
        self.preparation = preparation
        self.steps = scripts.map(Step.run) + steps
    }

    /// The short scenario of every check: it changes the record, the menu and the volumes.
    public static let slice = Scenario(
        "slice", "imgbase boot --set-default Base-0.2", "imgbase layer --add Base-1")

    /// All scenarios; /dev/vdb has the image of a base.
    public static let all =
        ordinary + ordinary.prefix(2).map(\.onXFS) + ordinary.prefix(2).map(\.withSystemdBoot)

    private static let ordinary = [
        Scenario(
            "record", "imgbase boot --set-default Base-0.2", "imgbase boot --try Base-1.1",
            "imgbase boot --set-default Base-0.1", "imgbase boot --once Base-0.2"),
        Scenario(
            "layer", "imgbase layer --add Base-1", "imgbase boot --args-add Base-1.2 quiet splash",
            "imgbase layer --remove Base-1.2", "imgbase layer --remove Base-0.2"),
        Scenario("base", "imgbase base --add --size 1G /dev/vdb", "imgbase base --remove Base-1 --force"),
        Scenario(
            "update",
            preparation: """
                mount /dev/vdb /mnt && echo 'PRETTY_NAME="image 2"' >/mnt/usr/lib/os-release && umount /mnt
                echo mine >/etc/local.conf
                """, "imgbase update /dev/vdb",
            then: [
                .shutDown("echo late >/etc/late.conf; echo changed late >>/etc/local.conf"), .start,
                .run("imgbase rollback"),
            ]),
        Scenario(
            "refresh",
            preparation: """
                stored=$(echo /boot/imgbased/*/) version=6.1.0-999-amd64
                mkdir -p /usr/lib/modules/$version
                echo >/usr/lib/modules/$version/modules.dep
                cp $stored/linux /boot/vmlinuz-$version
                { cat $stored/initrd; head -c 512 /dev/zero; } >/boot/initrd.img-$version
                """, "imgbase boot --refresh"),
        Scenario(
            "trial",
            preparation: """
                mount /dev/HostVG/Base-0.2 /mnt
                printf '#!/bin/sh\\nexit 1\\n' >/mnt/etc/imgbased/health.d/required/50-service
                chmod +x /mnt/etc/imgbased/health.d/required/50-service
                umount /mnt
                """, "imgbase boot --try Base-1.1",
            then: [
                .shutDown("true"), .start, .run("imgbase boot --try Base-0.2 --tries 1"), .shutDown("true"),
                .startAnother,
            ]),
        Scenario(
            "install",
            preparation: """
                stored=$(echo /boot/imgbased/*/)
                cp $stored/linux /boot/vmlinuz-other && cp $stored/initrd /boot/initrd-other
                cat >>/etc/grub.d/40_custom <<'END'
                menuentry 'Other' --id other {
                    linux /vmlinuz-other root=/dev/HostVG/Base-0.1 rd.imgbased.layer=Base-0.1 ro
                    initrd /initrd-other
                }
                END
                grub-mkconfig -o /boot/grub/grub.cfg
                """, "imgbase boot --uninstall", "imgbase boot --install"),
        Scenario(
            "recover", preparation: "lvchange -q --addtag imgbased:removing HostVG/Base-1", "imgbase recover"),
        Scenario("rollback", "imgbase rollback --carry-etc --to Base-0.2", "imgbase rollback --to Base-0.2"),
    ]

    /// This scenario with /boot on XFS.
    private var onXFS: Scenario {
        var result = self
        result.name += "-xfs"
        result.preparation =
            """
            # mkfs.xfs makes smaller ones than 300 MiB only with --unsupported.
            mkdir /run/boot && cp -a /boot/. /run/boot && umount /boot
            mkfs.xfs -q -f --unsupported -L boot /dev/vda3
            sed -i 's|^LABEL=boot /boot ext4|LABEL=boot /boot xfs|' /etc/fstab
            for layer in Base-0.2 Base-1.1; do
                lvchange -q -q -ay HostVG/$layer && mount /dev/HostVG/$layer /mnt
                sed -i 's|^LABEL=boot /boot ext4|LABEL=boot /boot xfs|' /mnt/etc/fstab
                umount /mnt
            done
            systemctl daemon-reload
            mount /boot && cp -a /run/boot/. /boot && rm -r /run/boot
            grub-install --target=i386-pc --boot-directory=/boot /dev/vda

            """ + preparation
        return result
    }

    /// This scenario on a host with systemd-boot.
    private var withSystemdBoot: Scenario {
        var result = self
        result.name += "-systemd-boot"
        result.loader = .systemdBoot
        // A firmware variable, not a file, holds the entry for one boot.
        result.steps.removeAll { $0.title.contains("--once") }
        result.preparation =
            """
            mount --mkdir /dev/disk/by-label/ESP /run/esp
            cp -r /boot/imgbased /boot/loader /run/esp
            umount /run/esp /boot
            sed -i 's|^LABEL=boot .*|LABEL=ESP /boot vfat umask=0077 0 2|' /etc/fstab
            systemctl daemon-reload
            mount /boot
            bootctl install --no-variables
            printf 'timeout 5\\n' >/boot/loader/loader.conf
            imgbase boot --install
            imgbase boot --set-default Base-0.1

            """ + preparation
        return result
    }
}

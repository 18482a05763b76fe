/// A disk with GRUB for BIOS and UEFI, two bases and three layers.
///
/// `imgbase` lays it out in a machine with the real lvm2.
public struct InstalledDisk: Sendable {
    private let directory: String

    /// The path of the disk, a qcow2 file.
    public var disk: String { directory + "/disk.qcow2" }

    /// The layers on the disk, oldest first, each with the name of its base.
    public static let layers: [(name: String, base: String)] = [
        ("Base-0.1", "Base-0"), ("Base-0.2", "Base-0"), ("Base-1.1", "Base-1"),
    ]
    /// The bases on the disk.
    public static let bases = ["Base-0", "Base-1"]
    /// A step of the installation.
    public struct Step: Sendable {
        /// The title in reports.
        public let title: String
        /// The script, run in the guest by `sh`.
        public let script: String
        let limit: Duration
    }

    /// The disk for the current build; made first if missing.
    ///
    /// - Parameters:
    ///   - anew: Make the disk even if it exists.
    ///   - report: Called after each step, with the step's output.
    public static func current(
        anew: Bool = false, report: (Step, _ output: String) -> Void = { _, _ in }
    ) throws -> InstalledDisk {
        try BuildDirectory.locked {
            try withoutActuallyEscaping(report) { report in
                try InstalledDisk(directory: artefact(report).obtain(anew: anew))
            }
        }
    }

    private static func artefact(_ report: @escaping (Step, String) -> Void) throws -> Artefact {
        let root = try RootImage.artefact()
        let key = try Digest.of([root.key] + steps.map(\.script))
        return Artefact(kind: "disk", key: key) { directory in
            let image = RootImage(directory: try root.obtain())
            let disk = directory + "/disk.qcow2"
            try DiskImage.create(disk, mebibytes: 6144)
            try image.machine(name: "install", disks: [.file(disk), .readOnly(image.image)]).run { vm in
                try vm.waitForGuest()
                for step in steps {
                    report(step, try vm.check(step.script, within: step.limit))
                }
                try vm.shutDown()
            }
        }
    }

    /// Commands that give /dev/vdb GRUB's place, an ESP, /boot and a physical volume, and make the first two
    /// file systems.
    public static func partitioning(espMebibytes: Int) -> String {
        """
        set -e
        sfdisk --quiet /dev/vdb <<END
        label: gpt
        size=1MiB, type=21686148-6449-6E6F-744E-656564454649
        size=\(espMebibytes)MiB, type=uefi
        size=256MiB, type=linux
        type=lvm
        END
        udevadm settle
        mkfs.vfat -n ESP /dev/vdb2
        mkfs.ext4 -q -L boot /dev/vdb3
        """
    }

    private static let steps = [
        Step(
            title: "partition the disk: GRUB's place, ESP, /boot, physical volume",
            script: """
                \(partitioning(espMebibytes: 128))
                mount /dev/vdb3 /boot
                mount --mkdir /dev/vdb2 /boot/efi
                """,
            limit: .minutes(2)),
        Step(
            title: "install GRUB",
            script: """
                set -e
                chmod -x /etc/grub.d/10_linux /etc/grub.d/20_linux_xen
                grub-install --target=i386-pc --boot-directory=/boot /dev/vdb
                grub-install --target=x86_64-efi --efi-directory=/boot/efi --boot-directory=/boot --removable \
                    --no-nvram
                grub-mkconfig -o /boot/grub/grub.cfg
                """,
            limit: .minutes(5)),
        imgbase("layout --init --size 4G --config-size 32M /dev/vdb4"),
        imgbase("base --add --size 1G /dev/vdc"),
        imgbase("base --add --size 1G /dev/vdc"),
        imgbase("boot --install"),
        imgbase("layer --add Base-0"),
        imgbase("layer --add Base-0"),
        imgbase("layer --add Base-1"),
        imgbase("layout"),
        Step(
            title: "make the first layer the default, as if it had come up",
            script: """
                set -e
                cd /boot/grub
                grub-editenv imgbased.env unset imgbased_besides imgbased_trial imgbased_tries imgbased_given
                grub-editenv imgbased.env set imgbased_default=Base-0.1
                """,
            limit: .minutes(1)),
        Step(
            title: "unmount", script: "umount --recursive /boot; ! mountpoint -q /config || umount /config",
            limit: .minutes(1)),
    ]

    private static func imgbase(_ arguments: String) -> Step {
        Step(title: "imgbase " + arguments, script: "imgbase " + arguments, limit: .minutes(15))
    }
}

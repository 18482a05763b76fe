import ImgbasedCore

/// The distribution's programs that imgbased runs, each from a fixed path without a search path.
public enum Tool: String, CaseIterable, Sendable, Encodable {
    // lvm2
    case pvcreate, pvck, vgcreate, vgchange, lvcreate, lvchange, lvremove, pvs, vgs, lvs, lvmconfig
    // e2fsprogs and xfsprogs
    case mkfsExt4, e2fsck, dumpe2fs, tune2fs, resize2fs, mkfsXFS, xfsAdmin
    // util-linux
    case mount, umount, findmnt, lsblk, wipefs, sfdisk
    // dosfstools
    case mkfsVFAT
    // systemd
    case systemctl, bootctl, udevadm
    // images: unpack them and check their signatures
    case gzip, xz, zstd, tar, unsquashfs, umoci, gpgv, curl
    // dpkg and apt
    case dpkg, dpkgDeb, aptGet
    // rpm and dnf
    case rpm, dnf
    // diffutils
    case diff
    // the initramfs of a layer
    case bzip2, lz4, lzop
    // GRUB
    case grubScriptCheck, grubInstall

    /// The absolute path of the program.
    public var path: String {
        switch self {
        case .mkfsExt4: "/usr/sbin/mkfs.ext4"
        case .xfsAdmin: "/usr/sbin/xfs_admin"
        case .mkfsXFS: "/usr/sbin/mkfs.xfs"
        case .mkfsVFAT, .grubInstall: "/usr/sbin/" + name
        case .dpkg, .dpkgDeb, .aptGet, .rpm, .dnf: "/usr/bin/" + name
        case .gzip, .xz, .zstd, .bzip2, .lz4, .lzop, .tar, .unsquashfs, .umoci, .gpgv, .curl, .diff:
            "/usr/bin/" + rawValue
        case .grubScriptCheck: "/usr/bin/" + name
        case .mount, .umount, .findmnt, .lsblk, .systemctl, .bootctl, .udevadm: "/usr/bin/" + rawValue
        default: "/usr/sbin/" + rawValue
        }
    }

    /// The package of Debian that has the program; `nil` if that package is on every host, or on every host
    /// that needs it.
    public var package: String? {
        switch self {
        case .pvcreate, .pvck, .vgcreate, .vgchange, .lvcreate, .lvchange, .lvremove, .pvs, .vgs, .lvs,
            .lvmconfig:
            "lvm2"
        case .mkfsExt4, .e2fsck, .dumpe2fs, .tune2fs, .resize2fs: "e2fsprogs"
        case .mkfsXFS, .xfsAdmin: "xfsprogs"
        case .mount, .umount: "mount"
        case .sfdisk: "fdisk"
        case .mkfsVFAT: "dosfstools"
        case .udevadm: "udev"
        case .findmnt, .lsblk, .wipefs, .gzip, .tar, .diff, .dpkg, .dpkgDeb, .aptGet, .rpm, .dnf: nil
        case .systemctl: "systemd"
        case .bootctl: "systemd-boot"
        case .grubScriptCheck, .grubInstall: "grub2-common"
        case .xz: "xz-utils"
        case .zstd: "zstd"
        case .bzip2: "bzip2"
        case .lz4: "lz4"
        case .lzop: "lzop"
        case .unsquashfs: "squashfs-tools"
        case .umoci: "umoci"
        case .gpgv: "gpgv"
        case .curl: "curl"
        }
    }

    /// The usual name of the program.
    public var name: String {
        switch self {
        case .mkfsExt4: "mkfs.ext4"
        case .xfsAdmin: "xfs_admin"
        case .mkfsXFS: "mkfs.xfs"
        case .mkfsVFAT: "mkfs.vfat"
        case .grubInstall: "grub-install"
        case .grubScriptCheck: "grub-script-check"
        case .dpkgDeb: "dpkg-deb"
        case .aptGet: "apt-get"
        default: rawValue
        }
    }
}

/// A run of a tool: an argument vector, never a shell line.
public struct Command: Hashable, Sendable {
    /// The program to run.
    public var tool: Tool
    /// Its arguments, without its own name.
    public var arguments: [String]
    /// The exit statuses that mean success; 0 alone for most tools.
    public var successes: Set<Int32>
    /// What the run finds out about, in the user's words, such as `the volume groups`; `nil` for a change.
    public var subject: String?
    /// The text on its standard input.
    public var input = ""
    /// The variables it gets besides those of every tool.
    public var environment: [String: String] = [:]

    /// A run of `tool` with `arguments`.
    public init(
        _ tool: Tool, _ arguments: [String], successes: Set<Int32> = [0], about subject: String? = nil,
        input: String = "", environment: [String: String] = [:]
    ) {
        self.tool = tool
        self.arguments = arguments
        self.successes = successes
        self.subject = subject
        self.input = input
        self.environment = environment
    }
}

extension Command: CustomStringConvertible {
    /// The form that can be typed into a shell.
    public var description: String {
        (environment.sorted { $0.key < $1.key }.map { "\($0.key)=\(Command.quoted($0.value))" } + [tool.path]
            + arguments.map(Command.quoted)).joined(separator: " ")
    }

    private static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_./:=+,@%".utf8.contains(byte)
            }
        }
        return plain && !word.isEmpty ? word : word.singleQuoted
    }
}

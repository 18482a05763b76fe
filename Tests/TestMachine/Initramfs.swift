import Foundation

/// An initramfs with the current build, made by dracut in the Debian tree of the test machines.
public enum Initramfs: String, Sendable {
    /// With systemd and without lvm2: the initramfs in the root image.
    case ordinary
    /// Without systemd, with dracut's script as init, and with all kernel modules compressed.
    case plain
    /// With lvm2, by dracut's own module.
    case lvm
    /// With the tools for encrypted disks.
    case crypt
    /// With the tools for encrypted disks, and without systemd.
    case plainCrypt = "plain-crypt"

    /// The path of the initramfs for `release`; made first if missing.
    public func file(_ release: DebianTree = .bookworm) throws -> String {
        if self == .ordinary { return try RootImage.current(release).initramfs }
        return try BuildDirectory.locked { try artefact(release).obtain() + "/initrd.img" }
    }

    /// Makes a copy with the additional file `path`, which holds `text`, and passes the copy to `body`.
    public func adding<Result>(
        _ text: String, at path: String, _ body: (_ initramfs: String) throws -> Result
    ) throws -> Result {
        let directory = try BuildDirectory.makeScratch("initramfs")
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let added = URL(filePath: "\(directory)/added/\(path)")
        try FileManager.default.createDirectory(
            at: added.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: added, atomically: false, encoding: .utf8)
        let archive = directory + "/added.img"
        try HostCommand.run(
            "sh", "-euc", "cd \"$1\"; find . | cpio --quiet -o -H newc >\"$2\"", "sh",
            directory + "/added", archive)
        return try body(Initramfs.join(file(), archive, in: directory))
    }

    /// Writes an initramfs of two archives, one after the other, in `directory`, and returns its path.
    ///
    /// See linux: Documentation/driver-api/early-userspace/buffer-format.rst.
    static func join(_ first: String, _ second: String, in directory: String) throws -> String {
        let result = directory + "/initrd.img"
        try HostCommand.run(
            "sh", "-euc", "cp \"$1\" \"$3\"; truncate -s %512 \"$3\"; cat \"$2\" >>\"$3\"", "sh",
            first, second, result)
        return result
    }

    private func artefact(_ release: DebianTree) throws -> Artefact {
        let tree = try release.artefact()
        let key = try Digest.of(
            [tree.key, Products.digest(), Digest.ofFile(RootTree.script), compression ?? ""]
                + dracutArguments)
        return Artefact(kind: release.kind("initramfs." + rawValue), key: key) { directory in
            try RootTree.with(archive: tree.obtain()) { root in
                if let compression {
                    try HostCommand.run("sh", "-euc", compression, "sh", root.path)
                    try root.run("depmod", root.kernelVersion)
                }
                try root.makeInitramfs(dracutArguments)
                try FileManager.default.moveItem(
                    atPath: root.path + RootTree.initramfs, toPath: directory + "/initrd.img")
            }
        }
    }

    /// Whether it has no systemd.
    private var isPlain: Bool { self == .plain || self == .plainCrypt }

    /// Commands that compress a tree's modules. Debian 12's dracut and kmod read the format, unlike gzip.
    private var compression: String? {
        guard isPlain else { return nil }
        return """
            cd "$1"/lib/modules
            find . -name '*.ko' | while read -r module; do
                case ${module##*/} in
                    dm-thin-pool.ko | dm-persistent-data.ko) xz --check=crc32 --lzma2=dict=1MiB "$module" ;;
                    *) zstd -q --rm "$module" ;;
                esac
            done
            """
    }

    /// Arguments of dracut, except those for a run in a tree.
    var dracutArguments: [String] {
        let omitted = Initramfs.unused.union(isPlain ? Initramfs.ofSystemd : []).subtracting(added)
        return [
            "--compress", "zstd -T0 -3", "--add", added.sorted().joined(separator: " "),
            "--omit", omitted.sorted().joined(separator: " "),
        ]
    }

    private var added: Set<String> {
        switch self {
        case .ordinary, .plain: ["imgbased"]
        case .lvm: ["imgbased", "lvm"]
        case .crypt, .plainCrypt: ["imgbased", "crypt"]
        }
    }

    /// The dracut modules that no test machine needs by default.
    private static let unused: Set = [
        "lvm", "lvmmerge", "lvmthinpool-monitor", "crypt", "mdraid", "multipath", "dmraid", "nvdimm", "i18n",
        "virtfs",
        "virtiofs", "pollcdrom", "resume", "terminfo", "overlay-root",
    ]

    private static let ofSystemd: Set = [
        "systemd", "systemd-initrd", "dracut-systemd", "systemd-udevd", "systemd-journald",
        "systemd-ask-password",
        "systemd-sysctl", "systemd-modules-load", "systemd-tmpfiles", "systemd-sysusers", "dbus",
        "dbus-daemon",
    ]
}

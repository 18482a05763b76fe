import Foundation

/// The root file system of the test machines, as an administrator gets it.
///
/// It has Debian with imgbased, an initramfs, and the agent of the tests.
public struct RootImage: Sendable {
    private let directory: String

    /// The path of the raw image of the ext4 file system.
    public var image: String { directory + "/root.img" }
    /// The path of a copy of the image's kernel.
    public var kernel: String { directory + "/vmlinuz" }
    /// The path of a copy of the image's initramfs, made by dracut without lvm2.
    public var initramfs: String { directory + "/initrd.img" }

    /// The image of a release for the current build; made first if missing.
    public static func current(_ release: DebianTree = .bookworm) throws -> RootImage {
        try BuildDirectory.locked { RootImage(directory: try artefact(release).obtain()) }
    }

    init(directory: String) {
        self.directory = directory
    }

    static let guest = BuildDirectory.project + "/Tests/TestMachine/Guest"
    /// The path of the agent's script.
    static let agent = guest + "/usr/lib/imgbased-tests/agent"
    private static let script = BuildDirectory.project + "/Tests/TestMachine/Scripts/root-image"

    static func artefact(_ release: DebianTree = .bookworm) throws -> Artefact {
        let tree = try release.artefact()
        let dracut = Initramfs.ordinary.dracutArguments
        let key = try Digest.of(
            [
                tree.key, Digest.ofTree(guest), Products.digest(), Digest.ofFile(script),
                Digest.ofFile(RootTree.script),
            ] + dracut)
        return Artefact(kind: release.kind("root"), key: key) { directory in
            try Products.install(into: directory + "/products")
            try HostCommand.run(
                [script, tree.obtain() + "/tree.tar", guest, directory + "/products", directory] + dracut,
                within: .minutes(10))
            try FileManager.default.removeItem(atPath: directory + "/products")
        }
    }

    /// The kernel arguments of every boot of the image.
    static func arguments() throws -> String {
        try String(contentsOfFile: guest + "/etc/kernel/cmdline", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A machine that runs an overlay of the image, and has `disks` from /dev/vdb on.
    ///
    /// The overlay is discarded with the machine.
    public func machine(name: String, disks: [Disk] = []) throws -> Machine {
        Machine(name: name, disks: [.overlay(of: image)] + disks, boot: try boot())
    }

    /// A start of this image on the disk `device`, without firmware and GRUB.
    ///
    /// `arguments` are added to those of every boot.
    public func boot(from device: String = "/dev/vda", _ arguments: String = "") throws -> Machine.Boot {
        .kernel(
            kernel, initramfs: initramfs,
            arguments: try RootImage.arguments() + " root=\(device) rw rd.imgbased=0 fstab=no " + arguments)
    }

    /// A start with this image's kernel and an initramfs, without firmware and GRUB.
    ///
    /// `arguments` follow those of every boot.
    public func boot(_ arguments: String, _ initramfs: Initramfs) throws -> Machine.Boot {
        try boot(arguments, initramfs: initramfs.file())
    }

    /// A start with this image's kernel and the initramfs in a file.
    public func boot(_ arguments: String, initramfs: String) throws -> Machine.Boot {
        .kernel(kernel, initramfs: initramfs, arguments: try RootImage.arguments() + " " + arguments)
    }
}

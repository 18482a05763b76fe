import Foundation

/// A system that runs from memory and a medium or the network, by dracut's modules dmsquash-live and livenet.
public enum LiveSystem {
    /// The label of the medium, by which the initramfs finds it.
    private static let label = "IMGBASED"

    /// The kernel's arguments, with the system at `root`, in dracut's form (dracut.cmdline(7)).
    private static func arguments(root: String) -> String {
        "root=live:\(root) rd.live.image console=tty0 console=ttyS0,115200 quiet"
    }

    /// Makes the hybrid ISO image `file`, for a CD or a USB stick, BIOS and UEFI.
    public static func makeISO(
        _ file: String, of release: DebianTree = .bookworm, login: Login
    ) throws {
        let files = FileManager.default
        let live = try NodeImage.live(release)
        let scratch = try BuildDirectory.makeScratch("iso")
        defer { try? files.removeItem(atPath: scratch) }
        for directory in ["boot/grub", "LiveOS"] {
            try files.createDirectory(
                atPath: "\(scratch)/\(directory)", withIntermediateDirectories: true)
        }
        for (source, target) in [
            ("vmlinuz", "boot/vmlinuz"), ("initrd.img", "boot/initrd.img"),
            ("live.squashfs", "LiveOS/squashfs.img"),
        ] {
            try files.linkItem(atPath: "\(live)/\(source)", toPath: "\(scratch)/\(target)")
        }
        try login.makeInitramfs(for: release, at: scratch + "/boot/login.img")
        let menu = """
            set timeout=5
            if [ "$grub_platform" = pc ]; then
              if serial --unit=0 --speed=115200; then
                terminal_input serial console
                terminal_output serial console
              fi
            fi
            menuentry 'Live system' {
              linux /boot/vmlinuz \(arguments(root: "CDLABEL=" + label))
              initrd /boot/initrd.img /boot/login.img
            }

            """
        try menu.write(toFile: scratch + "/boot/grub/grub.cfg", atomically: false, encoding: .utf8)
        try HostCommand.run(
            ["grub-mkrescue", "--output=" + file, scratch, "--", "-volid", label], within: .minutes(15))
    }

    /// Makes a directory for a web server: kernel, initramfs, system, and an iPXE script that boots them.
    ///
    /// - Parameter url: the address of the directory, for the machine that boots. iPXE replaces its settings,
    ///   such as `${next-server}`, in it.
    public static func makePXE(
        _ directory: String, of release: DebianTree = .bookworm, login: Login, url: String
    ) throws {
        let live = try NodeImage.live(release)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for name in ["vmlinuz", "initrd.img", "live.squashfs"] {
            try HostCommand.run("cp", "--reflink=auto", "\(live)/\(name)", directory)
        }
        try login.makeInitramfs(for: release, at: directory + "/login.img")
        let root = "${base}/live.squashfs ip=dhcp rd.neednet=1"
        let script = """
            #!ipxe
            isset ${ip} || dhcp
            set base \(url)
            kernel ${base}/vmlinuz initrd=initrd.img initrd=login.img \(arguments(root: root))
            initrd ${base}/initrd.img
            initrd ${base}/login.img
            boot

            """
        try script.write(toFile: directory + "/boot.ipxe", atomically: false, encoding: .utf8)
    }
}

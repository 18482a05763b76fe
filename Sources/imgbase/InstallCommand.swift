import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// The command `imgbase install`.
struct InstallCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Install an image on empty disks, which then boot it.",
        discussion: """
            The first disk gets partitions, a boot loader, and a physical volume; other disks become physical \
            volumes whole. The image becomes a base with one layer. The running system and its firmware \
            stay as they are. If the command is interrupted, run it again: it starts afresh.
            """)

    @OptionGroup var image: ImageOptions

    @Flag(help: "Give up whatever is on the disks. A disk in use is refused all the same.")
    var wipe = false

    @Flag(help: "Refuse a disk that has a host of imgbased, even with --wipe.")
    var keepHosts = false

    @Option(
        help: ArgumentHelp(
            "The file with the hash of root's password, as 'openssl passwd -6' makes it.", valueName: "file"),
        completion: .file())
    var rootPasswordFile: String?

    @Option(
        help: ArgumentHelp(
            "A file with public keys for root to log in by SSH; repeatable.", valueName: "file"),
        completion: .file())
    var sshKey: [String] = []

    @Option(help: ArgumentHelp("The name of the host. (default: that of the image)", valueName: "name"))
    var hostname: String?

    @Option(
        help: ArgumentHelp("A directory whose files are put over the layer.", valueName: "dir"),
        completion: .directory)
    var overlay: String?

    @Option(help: "The boot loader: grub, for BIOS and UEFI, or systemd-boot, for UEFI.")
    var loader: Loader = .grub

    @Option(help: "The size of /boot. (default: 1G)")
    var bootSize: String?

    @Option(help: "The size of the pool. (default: most of the group)")
    var poolSize: String?

    @Option(help: "The size of the volume for /config. (default: 64M)")
    var configSize: String?

    @OptionGroup var volumes: VolumeOptions

    @Argument(
        help: ArgumentHelp(
            "The image: a file, a device, an address, or - for standard input.", valueName: "image"),
        completion: .file())
    var path: String

    @Argument(help: ArgumentHelp("The disks. The first boots.", valueName: "disk"), completion: .file())
    var disks: [String]

    @OptionGroup var global: GlobalOptions

    /// The boot loaders that can be installed.
    enum Loader: String, CaseIterable, ExpressibleByArgument {
        case grub
        case systemdBoot = "systemd-boot"

        /// The loader, as the planner names it.
        var loader: InstallLoader { self == .grub ? .grub : .systemdBoot }
    }

    func checkUsage() throws {
        try image.check()
        if disks.isEmpty { throw ValidationError("name a disk") }
        for disk in disks where !disk.hasPrefix("/") {
            throw ValidationError("'\(disk)' is not the path of a device, as /dev/sdb")
        }
        try volumes.check()
        for text in [bootSize, poolSize, configSize] { _ = try text.map(Bytes.init(argument:)) }
    }

    func execute(_ context: Context) async throws {
        if !context.isDry {
            do throws(HostFailure) {
                try Session.checkRoot()
                try Session.takeOwnMounts()
            } catch {
                throw CommandFailure.refusal(InstallPlanner.goal, error)
            }
        }
        try await install(context)
    }

    /// Installs the image. The process has mounts of its own, unless plans are only shown.
    func install(_ context: Context) async throws {
        var request = InstallRequest(disks: disks)
        (request.wipes, request.keepsHosts, request.loader) = (wipe, keepHosts, loader.loader)
        request.sizes = (
            try bootSize.map(Bytes.init(argument:)), try poolSize.map(Bytes.init(argument:)),
            try configSize.map(Bytes.init(argument:))
        )
        request.volumes = try volumes.volumes()
        (request.hostname, request.passwordFile) = (hostname, rootPasswordFile)
        (request.keyFiles, request.overlay) = (sshKey, overlay)
        let wanted = request
        let (done, notices) = try await image.open(path) { try await context.session.install(wanted, $0) }
        let firmware = done.platforms.map(\.firmware)
        for missing in GRUBPlatform.native
        where loader == .grub && !done.platforms.contains(missing) {
            Terminal.error(
                "imgbase: '\(disks[0])' will not boot by \(missing.firmware), because '\(missing.directory)' is missing here"
            )
        }
        let layer = done.layer ?? ""
        context.done(
            InstallResult(
                base: done.base, layer: done.layer, volumeGroup: done.group, disks: disks, firmware: firmware,
                notices: notices),
            lines: [
                "'\(disks[0])' boots '\(layer)' by \(firmware.joined(separator: " and ")); boot from it to use it"
            ])
    }
}

/// The result of an installation, as JSON.
private struct InstallResult: Encodable {
    var base: String?
    var layer: String?
    var volumeGroup: String
    var disks: [String]
    /// The kinds of firmware that boot the first disk.
    var firmware: [String]
    /// The notices about the image.
    var notices: [String]
}

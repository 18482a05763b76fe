import TestMachine

/// The shared artefacts of the tests, made on first use.
enum Artefacts {
    private static let installedDisk = Result { try InstalledDisk.current() }
    private static let rootImage = Result { try RootImage.current() }
    private static let deliveredImages = Result { try UpdateImages.current() }
    private static let runningHost = Result {
        try SavedMachine.current(Machine(name: "host", disks: [.overlay(of: disk.disk)]))
    }
    private static let bareSystem = Result { try SavedMachine.current(image.machine(name: "bare")) }
    private static let bareTrixie = Result {
        try SavedMachine.current(RootImage.current(.trixie).machine(name: "bare.trixie"))
    }
    private static let rescueSystem = Result {
        try SavedMachine.current(
            Machine(
                name: "rescue-system", disks: [.overlay(of: disk.disk), .overlay(of: image.image)],
                boot: VM.rescue))
    }

    /// A disk with three layers.
    static var disk: InstalledDisk {
        get throws { try installedDisk.get() }
    }

    /// The root file system of the disk's bases.
    static var image: RootImage {
        get throws { try rootImage.get() }
    }

    /// The next image, as a distributor delivers it.
    static var updateImages: UpdateImages {
        get throws { try deliveredImages.get() }
    }

    /// A machine with the installed disk as /dev/vda. Writes to the disk are discarded.
    static func machine(_ name: String, firmware: Firmware = .bios) throws -> Machine {
        try Machine(name: name, disks: [.overlay(of: disk.disk)], firmware: firmware)
    }

    /// The machine after GRUB has booted the default, `Base-0.1`, and all units have finished.
    ///
    /// `disks` follow from /dev/vdb on.
    static func host(_ name: String, disks: [Disk] = []) throws -> Machine {
        try runningHost.get().machine(name: name, disks: disks)
    }

    /// The running host with the image of a base as /dev/vdb, writable for the machine.
    static func updatable(_ name: String) throws -> Machine {
        try host(name, disks: [.overlay(of: image.image)])
    }

    /// A machine that is no host: it runs a base's image from /dev/vda, with `disks` from /dev/vdb on.
    static func bareSystem(
        _ name: String, of release: DebianTree = .bookworm, disks: [Disk]
    ) throws -> Machine {
        try (release == .bookworm ? bareSystem : bareTrixie).get().machine(name: name, disks: disks)
    }

    /// A machine with the installed disk, and a system on another disk that activates no volume by itself.
    ///
    /// `disks` follow from /dev/vdc on.
    static func rescueSystem(_ name: String, disks: [Disk] = []) throws -> Machine {
        try rescueSystem.get().machine(name: name, disks: disks)
    }

    /// A machine that starts the layers' kernel with `arguments` directly instead of GRUB.
    ///
    /// The installed disk is /dev/vda; `disks` follow from /dev/vdb on.
    static func machine(
        _ name: String, booting arguments: String, _ initramfs: Initramfs = .ordinary, disks: [Disk] = [],
        firmware: Firmware = .bios
    ) throws -> Machine {
        try Machine(
            name: name, disks: [.overlay(of: disk.disk)] + disks, boot: image.boot(arguments, initramfs),
            firmware: firmware)
    }
}

extension VM {
    /// Cuts the power at once, and starts the layers' kernel with `arguments`.
    func restart(_ arguments: String, _ initramfs: Initramfs = .ordinary) throws {
        cutPower()
        try powerOn(Artefacts.image.boot(arguments, initramfs))
    }
}

import TestMachine

/// What the tests share, made by the first that asks for it.
enum Artefacts {
    private static let installedDisk = Result { try InstalledDisk.current() }
    private static let rootImage = Result { try RootImage.current() }
    private static let deliveredImages = Result { try UpdateImages.current() }

    /// A disk with three layers.
    static var disk: InstalledDisk {
        get throws { try installedDisk.get() }
    }

    /// The root file system that is in its bases.
    static var image: RootImage {
        get throws { try rootImage.get() }
    }

    /// What the next image is delivered as.
    static var updateImages: UpdateImages {
        get throws { try deliveredImages.get() }
    }

    /// A machine with the installed disk as /dev/vda, whose changes are thrown away.
    static func machine(_ name: String, firmware: Firmware = .bios) throws -> Machine {
        try Machine(name: name, disks: [.overlay(of: disk.disk)], firmware: firmware)
    }

    /// The same with the image of a base as /dev/vdb, for the machine to change.
    static func updatable(_ name: String) throws -> Machine {
        try Machine(name: name, disks: [.overlay(of: disk.disk), .overlay(of: image.image)])
    }

    /// The same, which starts the layers' kernel with `arguments` at once instead of GRUB, and has `disks` from
    /// /dev/vdb on.
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
    /// Takes the machine's power away, whatever it does, and starts the layers' kernel with `arguments`.
    func restart(_ arguments: String, _ initramfs: Initramfs = .ordinary) throws {
        cutPower()
        try powerOn(Artefacts.image.boot(arguments, initramfs))
    }
}

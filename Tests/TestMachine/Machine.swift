/// The description of a test machine.
public struct Machine: Sendable {
    /// How a machine starts.
    public enum Boot: Hashable, Sendable {
        /// Firmware starts the boot loader on the first disk.
        case firstDisk
        /// QEMU itself loads a kernel, with an initramfs and the kernel's arguments.
        case kernel(String, initramfs: String, arguments: String)
        /// Firmware boots from the network, with the directory `tftp` on its server, from the file `file` in
        /// it.
        case network(tftp: String, file: String)
    }

    /// The kind of controller of all disks.
    public enum Bus: Hashable, Sendable {
        /// The devices /dev/vda, …; what virtual machines have.
        case virtio
        /// At most four devices /dev/sda, …, as with QEMU's `-hda`; a read-only disk is a CD.
        case ide
    }

    /// The name of the machine and its log files, with only characters valid in file names.
    public var name: String
    /// The disks, in the order /dev/vda, /dev/vdb, …
    public var disks: [Disk]
    /// How the machine starts.
    public var boot: Boot
    /// The firmware of the machine.
    public var firmware: Firmware
    /// The memory in MiB.
    public var memory: Int
    /// The controller of the disks.
    public var bus = Bus.virtio
    /// The number of processors. More than one is possible only if instructions are not counted.
    public var processors = 1
    /// The saved state for the first start; `nil` if none. `boot` applies to later starts.
    var saved: Saved?
    /// Whether each instruction takes one nanosecond of the guest's clock: slower, but measurements repeat.
    public var countsInstructions = false

    /// Describes a machine with `disks`; `memory` is in MiB.
    public init(
        name: String, disks: [Disk], boot: Boot = .firstDisk, firmware: Firmware = .bios, memory: Int = 768
    ) {
        self.name = name
        self.disks = disks
        self.boot = boot
        self.firmware = firmware
        self.memory = memory
    }
}

extension Machine {
    /// QEMU's arguments for the network; none unless the machine boots from it.
    ///
    /// The guest reaches the build host's 127.0.0.1 as 10.0.2.2.
    var networkArguments: [String] {
        guard case .network(let directory, let file) = boot else { return [] }
        return [
            "-netdev", "user,id=network,tftp=\(directory),bootfile=\(file)",
            "-device", "virtio-net-pci,netdev=network",
        ]
    }
}

/// One disk of a test machine.
public enum Disk: Hashable, Sendable {
    /// An overlay of `file`, discarded with the machine.
    case overlay(of: String)
    /// The qcow2 `file` itself, written to.
    case file(String)
    /// The disk image `file`, read-only for the machine.
    case readOnly(String)
    /// A disk of zeros, discarded with the machine.
    case blank(mebibytes: Int)
    /// The qcow2 `file` itself, with each write, flush and discard logged in the file `log`.
    ///
    /// The log continues over restarts. States after a power cut are derived from the log: `file` need not
    /// survive a power cut.
    case recorded(String, log: String)
}

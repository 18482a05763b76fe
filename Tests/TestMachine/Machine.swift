/// The description of a test machine.
public struct Machine: Sendable {
    /// How a machine starts.
    public enum Boot: Hashable, Sendable {
        /// Firmware starts the boot loader on the first disk.
        case firstDisk
        /// QEMU itself loads a kernel, with an initramfs and the kernel's arguments.
        case kernel(String, initramfs: String, arguments: String)
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

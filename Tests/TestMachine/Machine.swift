/// The description of a test machine.
public struct Machine: Sendable {
    /// The way a machine starts.
    public enum Boot: Hashable, Sendable {
        /// The whole way: firmware, then the boot loader on the first disk.
        case firstDisk
        /// Directly: QEMU loads a kernel and an initramfs, with the kernel's arguments.
        case kernel(String, initramfs: String, arguments: String)
    }

    /// The name of the log files; only characters valid in file names.
    public var name: String
    /// The disks in order: /dev/vda, /dev/vdb, …
    public var disks: [Disk]
    /// The way the machine starts.
    public var boot: Boot
    /// The firmware of the machine.
    public var firmware: Firmware
    /// MiB of memory.
    public var memory: Int
    /// The number of processors; more than one only if instructions are not counted.
    public var processors = 1
    /// The saved state for the first start; `boot` applies to later starts. `nil` if none.
    var saved: Saved?
    /// Whether the clock counts instructions, one a nanosecond: slower, but measurements repeat.
    public var countsInstructions = false

    /// A machine of `disks`.
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
    /// A throw-away overlay of `file`.
    case overlay(of: String)
    /// The qcow2 `file` itself, written to.
    case file(String)
    /// `file`, read-only for the machine.
    case readOnly(String)
    /// A disk of zeros, thrown away with the machine.
    case blank(mebibytes: Int)
    /// The qcow2 `file` itself, with each write, flush and discard logged in the file `log`.
    ///
    /// The log begins with the first of them and goes on over restarts. States after a power cut are derived
    /// from the log: `file` need not survive one.
    case recorded(String, log: String)
}

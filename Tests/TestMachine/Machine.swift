/// What a test machine is made of.
public struct Machine: Sendable {
    /// How it starts.
    public enum Boot: Hashable, Sendable {
        /// Firmware, boot loader on the first disk, and so on: the whole way.
        case firstDisk
        /// A kernel and an initramfs given to QEMU, with the kernel's arguments.
        case kernel(String, initramfs: String, arguments: String)
    }

    /// Names its log files; of the file system's characters.
    public var name: String
    /// In order: /dev/vda, /dev/vdb, …
    public var disks: [Disk]
    /// How it starts.
    public var boot: Boot
    /// What starts it.
    public var firmware: Firmware
    /// MiB of memory.
    public var memory: Int
    /// How many processors it has; more than one only where instructions are not counted.
    public var processors = 1
    /// What it goes on from when it is started first; `boot` is how it starts after that.
    var saved: Saved?
    /// Whether its clock counts instructions, one a nanosecond: slower, but what is measured repeats.
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
    /// What is in `file`; what the machine writes is thrown away with it.
    case overlay(of: String)
    /// The qcow2 `file` itself, written to.
    case file(String)
    /// `file`, which the machine cannot write to.
    case readOnly(String)
    /// Nothing but zeros, thrown away with the machine.
    case blank(mebibytes: Int)
    /// The qcow2 `file` itself, written to, with each write, flush and discard in the file `log`, which begins with the first and
    /// goes on when the machine is started again. What a power cut leaves is derived from that: `file` need not survive one.
    case recorded(String, log: String)
}

/// How a layer is mounted.
public enum BootMode: String, Hashable, Sendable, CaseIterable {
    /// Read-write.
    case readWrite = "rw"
    /// Read-only.
    case readOnly = "ro"
    /// Read-only, under a file system in memory that takes what is written and is thrown away.
    case volatile
}

/// Who activates volumes.
public enum Activator: String, Hashable, Sendable, CaseIterable {
    /// Whoever can: our own code.
    case auto
    /// Our own code alone.
    case native
    /// lvm2 alone.
    case lvm
}

/// Whether thin_check(8) looks at the metadata of a pool before the pool is used.
public enum ThinCheckPolicy: String, Hashable, Sendable, CaseIterable {
    /// Where the initramfs has it.
    case auto
    /// Always: without it, the pool is not used.
    case always
    /// Never.
    case never
}

/// Whether the file system of a layer is checked before it is mounted so that it can be written, as
/// systemd-fsck@.service(8) has it.
public struct FileSystemCheck: Hashable, Sendable {
    /// When it is checked.
    public enum Mode: String, Hashable, Sendable {
        /// Where the file system asks for it.
        case auto
        /// Always.
        case force
        /// Never.
        case skip
    }

    /// What becomes of damage.
    public enum Repair: String, Hashable, Sendable {
        /// It is repaired where nothing can be lost by that.
        case preen
        /// It is repaired.
        case yes
        /// It is left alone.
        case no
    }

    /// When it is checked: `fsck.mode=`.
    public let mode: Mode
    /// What becomes of damage: `fsck.repair=`.
    public let repair: Repair

    /// What `commandLine` says.
    init(_ commandLine: KernelCommandLine) {
        let mode = commandLine.value("fsck.mode").flatMap(Mode.init(rawValue:)) ?? .auto
        // dracut's own word for the same.
        self.mode = commandLine.arguments.contains { $0.text == "rd.skipfsck" } ? .skip : mode
        repair = commandLine.value("fsck.repair").flatMap(Repair.init(rawValue:)) ?? .preen
    }
}

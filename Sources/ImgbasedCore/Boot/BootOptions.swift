/// How a layer is mounted.
public enum BootMode: String, Hashable, Sendable, CaseIterable {
    /// Read-write.
    case readWrite = "rw"
    /// Read-only.
    case readOnly = "ro"
    /// Read-only, under a file system in memory that takes what is written and is thrown away.
    case volatile

    /// The one that comes nearest and writes nothing to the layer.
    public var withoutWriting: BootMode {
        self == .readWrite ? .volatile : self
    }
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

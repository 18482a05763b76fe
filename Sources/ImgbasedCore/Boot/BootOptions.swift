/// How a layer is mounted.
public enum BootMode: String, Hashable, Sendable, CaseIterable {
    /// Read-write.
    case readWrite = "rw"
    /// Read-only.
    case readOnly = "ro"
    /// Read-only, under a file system in memory that takes all writes and is thrown away.
    case volatile

    /// The nearest mode that writes nothing to the layer.
    public var withoutWriting: BootMode {
        self == .readWrite ? .volatile : self
    }
}

/// The code that activates volumes.
public enum Activator: String, Hashable, Sendable, CaseIterable {
    /// Our own code, and lvm2 for layers that our code refuses or fails to activate.
    case auto
    /// Our own code only.
    case native
    /// lvm2 only.
    case lvm
}

/// Whether thin_check(8) checks the metadata of a pool before the pool is used.
public enum ThinCheckPolicy: String, Hashable, Sendable, CaseIterable {
    /// If the initramfs contains thin_check.
    case auto
    /// Always; without a check, the pool is not used.
    case always
    /// Never.
    case never
}

import ImgbasedCore

/// What a stage of a procedure asks about the host, besides its state.
public enum Question: Hashable, Sendable {
    /// Nothing more.
    case nothing
    /// What the image is.
    case image
    /// What is in the layer of a draft; while there is none, in the volume it will be a snapshot of.
    case contents(of: LayerDraft)
    /// The same, and whether its kernel and initramfs are stored undamaged.
    case finalContents(of: LayerDraft)
    /// Which file system is on a volume.
    case fileSystem(on: VolumePath)
    /// The same of a layer that late changes were carried into, and whether the system is shutting down.
    case lateContents(of: VolumePath)
    /// Whether the initramfs of a layer has the helper.
    case helper(of: String)
    /// The tables of file systems of the layers.
    case tables
    /// The newest kernel of the running system.
    case runningKernel
    /// What would be carried.
    case survey(CarryOrder)
}

/// What was observed of the host for a stage: its state, and the answer to the stage's question.
public struct Observation: Sendable {
    /// The host, as it is now.
    public var state: HostState
    /// The names of the volume group and the pool.
    public var names: HostNames
    /// The answer to `image`.
    public var image: ImageDescription?
    /// The answer to the questions for contents.
    public var contents = LayerContents.unknown
    /// The answer to `fileSystem`.
    public var fileSystem: FileSystemType?
    /// Part of the answer to `lateContents`: nothing changes any more.
    public var isShuttingDown = false
    /// The answer to `tables`.
    public var tables: [GroupRename.Table] = []
    /// The answer to `runningKernel`.
    public var runningKernel: RunningKernel?
    /// The answer to `survey`; `nil` where plans are only shown.
    public var survey: CarryReport?

    /// A host in `state`, of which nothing was asked yet.
    public init(_ state: HostState, names: HostNames) {
        self.state = state
        self.names = names
    }
}

/// The kernel and initramfs of the running system.
public struct RunningKernel: Hashable, Sendable {
    /// The two files.
    public var files: BootFiles
    /// Where they are.
    public var source: BootFileSource

    /// The pair `files`, found in `source`.
    public init(_ files: BootFiles, in source: BootFileSource) {
        self.files = files
        self.source = source
    }
}

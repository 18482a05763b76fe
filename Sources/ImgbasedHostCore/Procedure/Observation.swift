import ImgbasedCore

/// A stage's question about the host, besides its state.
public enum Question: Hashable, Sendable {
    /// The stage asks nothing more.
    case nothing
    /// The description of the image.
    case image
    /// The contents of the layer of a draft; before it exists, of the volume it will be a snapshot of.
    case contents(of: LayerDraft)
    /// The same, and whether its kernel and initramfs are stored undamaged.
    case finalContents(of: LayerDraft)
    /// The type of the file system on a volume.
    case fileSystem(on: VolumePath)
    /// The contents of a layer after late changes were carried into it, and whether the system is shutting
    /// down.
    case lateContents(of: VolumePath)
    /// Whether the initramfs of a layer has the helper.
    case helper(of: String)
    /// The file-system tables of the layers.
    case tables
    /// The newest kernel of the running system.
    case runningKernel
    /// The survey of a carry.
    case survey(CarryOrder)
    /// What is on the disks for an installation, and the description of the image; of the state only the
    /// groups and volumes.
    case installation(disks: [String])
    /// The root file system of the running system, given as `root`, and the disks named for the pool.
    case conversion(root: String, disks: [String])
    /// What is at a place of the running system.
    case place(DataPlace)
    /// The file-system tables of the layers that are not booted, and why others cannot be read.
    case layerTables
    /// Nothing, but the image of the running system is prepared.
    case system(ImageDescription)
}

/// The host's state for a stage, and the answer to the stage's question.
public struct Observation: Sendable {
    /// The current state of the host.
    public var state: HostState
    /// The names of the volume group and the pool.
    public var names: HostNames
    /// The answer to `image`; `nil` for other questions.
    public var image: ImageDescription?
    /// The answer to the questions for contents.
    public var contents = LayerContents.unknown
    /// The answer to `fileSystem`; `nil` if unknown.
    public var fileSystem: FileSystemType?
    /// Part of the answer to `lateContents`: no more changes follow.
    public var isShuttingDown = false
    /// The answer to `tables`.
    public var tables: [GroupRename.Table] = []
    /// The answer to `runningKernel`; `nil` for other questions.
    public var runningKernel: RunningKernel?
    /// The answer to `survey`; `nil` if plans are only shown.
    public var survey: CarryReport?
    /// The other part of the answer to `survey`: what would become of added packages.
    public var packages: PackageRecord?
    /// The answer to `installation`; `nil` for other questions.
    public var installation: InstallSurvey?
    /// The answer to `conversion`; `nil` for other questions.
    public var conversion: ConversionSurvey?

    /// The answer to `place`; `nil` for other questions.
    public var place: PlaceSurvey?
    /// The answer to `layerTables`.
    public var layerTables = LayerTables()

    /// An observation of a host in `state`, without answers.
    public init(_ state: HostState, names: HostNames) {
        self.state = state
        self.names = names
    }
}

/// The kernel and initramfs of the running system.
public struct RunningKernel: Hashable, Sendable {
    /// The two files.
    public var files: BootFiles
    /// The place where they were found.
    public var source: BootFileSource

    /// The pair `files`, found in `source`.
    public init(_ files: BootFiles, in source: BootFileSource) {
        self.files = files
        self.source = source
    }
}

public import ImgbasedCore
public import ImgbasedHostCore

/// An image that is to be a base.
public struct ImageRequest: Sendable {
    /// Where it is; `-` for standard input.
    public var path: String
    /// What the base is called; without it, the next `Base-N`.
    public var name: String?
    /// How large the base is; without it, as the image needs it.
    public var size: Bytes?
    /// The type of the file system that files get; without it, that of the running root.
    public var fileSystem: FileSystemType?
    /// Is told how far its writing has come.
    public var progress: (@Sendable (ImageProgress) -> Void)?
    /// Is told what does not keep it from becoming a base and has to be known all the same.
    public var notice: (@Sendable (String) -> Void)?

    /// The image at `path`.
    public init(
        path: String, name: String? = nil, size: Bytes? = nil, fileSystem: FileSystemType? = nil,
        progress: (@Sendable (ImageProgress) -> Void)? = nil, notice: (@Sendable (String) -> Void)? = nil
    ) {
        self.path = path
        self.name = name
        self.size = size
        self.fileSystem = fileSystem
        self.progress = progress
        self.notice = notice
    }
}

extension ImageRequest {
    /// What plans a base of it, when it is known what the image is.
    var planner: BasePlanner {
        let unknown = ImageDescription(path: path, length: nil, allocated: nil, content: .unknown)
        return BasePlanner(name: name, size: size, image: unknown, fileSystem: fileSystem)
    }
}

public import ImgbasedCore
public import ImgbasedHostCore

/// A request to make a base of an image.
public struct ImageRequest: Sendable {
    /// The path of the image; `-` for standard input.
    public var path: String
    /// The name of the base; `nil` for the next `Base-N`.
    public var name: String?
    /// The size of the base; `nil` for the size the image needs.
    public var size: Bytes?
    /// The file system made for an image of files; `nil` for the type of the running root.
    public var fileSystem: FileSystemType?
    /// Receives the progress of the writing.
    public var progress: (@Sendable (ImageProgress) -> Void)?
    /// Receives notices: they do not keep the image from becoming a base, but the user has to know them.
    public var notice: (@Sendable (String) -> Void)?

    /// A request for the image at `path`.
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
    /// The planner of the base; its image is filled in once it is known.
    var planner: BasePlanner {
        let unknown = ImageDescription(path: path, length: nil, allocated: nil, content: .unknown)
        return BasePlanner(name: name, size: size, image: unknown, fileSystem: fileSystem)
    }
}

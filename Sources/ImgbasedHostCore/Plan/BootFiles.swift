public import ImgbasedCore

/// The origin of a kernel and its initramfs.
public enum BootFileSource: Hashable, Sendable {
    /// The running system, with all its mounts.
    case running
    /// The running layer alone: a mounted `/boot` would hide its files.
    case runningAlone
    /// A layer, which is mounted privately.
    case layer(VolumePath, FileSystemType)
}

/// The kernel and initramfs of a layer.
public struct BootFiles: Hashable, Sendable {
    /// The version of the kernel.
    public var version: String
    /// The path of the kernel in the layer.
    public var linux: String
    /// The path of the initramfs in the layer.
    public var initrd: String
    /// The name of the stored pair: the output of `sha256sum linux initrd | sha256sum`.
    public var digest: String
    /// The space that both need.
    public var size: Bytes

    /// Files with these values.
    public init(version: String, linux: String, initrd: String, digest: String, size: Bytes) {
        self.version = version
        self.linux = linux
        self.initrd = initrd
        self.digest = digest
        self.size = size
    }
}

extension BootFileSource: CustomStringConvertible {
    /// The origin, as part of a sentence.
    public var description: String {
        switch self {
        case .running: "the running system"
        case .runningAlone: "the running layer"
        case .layer(let path, _): "layer '\(path.name)'"
        }
    }
}

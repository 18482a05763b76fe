public import ImgbasedCore

/// The root file system of the running system, for a conversion.
public struct ConversionSurvey: Hashable, Sendable {
    /// The device, as the kernel names it; `nil` if unknown.
    public var device: String?
    /// Whether the user has named this root.
    public var isNamed = false
    /// The type of the file system, as the kernel names it.
    public var fileSystem: String
    /// Whether `/usr` is another file system.
    public var hasOwnUsr = false
    /// The logical volume; `nil` if it is on another device.
    public var volume: VolumePath?
    /// The size of the file system.
    public var size = Bytes(0)
    /// The used part, without swap files.
    public var used = TreeSize()
    /// The newest kernel with its initramfs; `nil` if not looked for.
    public var kernel: RunningKernel?
    /// Whether that initramfs has our helper.
    public var helper = HelperPresence.present
    /// The swap files in it that are in use.
    public var swapFiles: [String] = []

    /// A root with a file system of this type.
    public init(fileSystem: String) {
        self.fileSystem = fileSystem
    }
}

/// The reasons for the refusal of a conversion.
public enum ConversionReason: Error, Hashable, Sendable {
    case otherRoot(named: String, device: String?)
    case ownUsr
    case onLayer(String)
    case hasLayer(String, base: String)
    case noHelper(initrd: String, version: String)
    case sizeOfSnapshot(VolumePath)
}

extension ConversionReason: CustomStringConvertible {
    /// The reason and the remedy, as the end of a sentence.
    public var description: String {
        switch self {
        case .otherRoot(let named, let device):
            "'\(named)' is not the root of the running system\(device.map { ", which is on '\($0)'" } ?? ""); give "
                + "'--from /', or add another system with 'imgbase base add IMAGE'"
        case .ownUsr:
            "'/usr' is a file system of its own, but a base must have its system whole: copy its files to the root file "
                + "system, take its line out of /etc/fstab, and reboot"
        case .onLayer(let layer): "this system runs from layer '\(layer)' already"
        case .hasLayer(let layer, let base):
            "there is a layer already, '\(layer)'; boot it, or remove it with 'imgbase base remove \(base)' to convert "
                + "this host anew"
        case .noHelper(let initrd, let version):
            "'\(initrd)' has no imgbase-initrd, which finds the layer at boot; install dracut, and make it anew with "
                + "'dracut --force --kver \(version)'"
        case .sizeOfSnapshot(let root):
            "the base becomes a snapshot of '\(root)' and has its size; leave out --base-size"
        }
    }
}

import ImgbasedCore
import ImgbasedLinux

/// `imgbased-generator`: hands the root to the helper, in the initramfs only and where it was asked to.
enum GeneratorCommand {
    static func run(early directory: String) throws(BootError) {
        guard SmallFile.exists("/etc/initrd-release") else { return }
        let request = try BootCommand.request()
        guard request.isOurs else { return }
        for item in RootUnits.items(rootArgument: request.rootArgument) {
            try BootError.call(item.write(below: directory))
        }
    }
}

extension RootUnits.Item {
    /// Makes it below `directory`.
    func write(below directory: String) throws(SystemError) {
        switch self {
        case .file(let path, let text): try SmallFile.write(text, to: "\(directory)/\(path)")
        case .link(let path, let target): try SmallFile.link(to: target, at: "\(directory)/\(path)")
        }
    }
}

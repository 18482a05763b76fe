import ImgbasedCore
import ImgbasedLinux

/// `imgbased-generator`: hands the root to the helper, in the initramfs only and where it was asked to.
enum GeneratorCommand {
    static func run(early directory: String) throws {
        guard SmallFile.exists("/etc/initrd-release") else { return }
        let request = try BootCommand.request()
        guard request.isOurs else { return }
        for item in RootUnits.items(rootArgument: request.rootArgument) {
            switch item {
            case .file(let path, let text): try SmallFile.write(text, to: "\(directory)/\(path)")
            case .link(let path, let target): try SmallFile.link(to: target, at: "\(directory)/\(path)")
            }
        }
    }
}

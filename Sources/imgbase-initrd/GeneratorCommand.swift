import ImgbasedCore
import ImgbasedLinux

/// `imgbased-generator`: hands the root to the helper, only in the initramfs and only if requested.
enum GeneratorCommand {
    static func run(early directory: String) throws(BootError) {
        guard SmallFile.exists("/etc/initrd-release") else { return }
        let request = try BootCommand.request()
        guard request.isOurs else { return }
        var root = request.rootArgument
        if root == nil { root = try rootOfInitramfs() }
        for item in RootUnits.items(rootArgument: root) {
            try BootError.call(item.write(below: directory))
        }
    }

    /// The `root=` that dracut stored in a hostonly initramfs: that of the system that built it.
    private static func rootOfInitramfs() throws(BootError) -> String? {
        let directory = "/etc/cmdline.d"
        let lines = try BootError.call(DirectoryListing.names(in: directory)).sorted().compactMap {
            SmallFile.line("\(directory)/\($0)")
        }
        return KernelCommandLine(lines.joined(separator: " ")).value("root")
    }
}

extension RootUnits.Item {
    /// Creates the item below `directory`.
    func write(below directory: String) throws(SystemError) {
        switch self {
        case .file(let path, let text): try SmallFile.write(text, to: "\(directory)/\(path)")
        case .link(let path, let target): try SmallFile.link(to: target, at: "\(directory)/\(path)")
        }
    }
}

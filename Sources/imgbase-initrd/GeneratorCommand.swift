import ImgbasedCore
import ImgbasedLinux

/// `imgbased-generator`: hands the root to the helper, only in the initramfs and only if requested.
enum GeneratorCommand {
    static func run(early directory: String) throws(BootError) {
        guard SmallFile.exists("/etc/initrd-release") else { return }
        let request = try BootCommand.request()
        guard request.isOurs else { return }
        var root = request.rootArgument
        if root == nil { root = rootOfInitramfs() }
        for item in RootUnits.items(rootArgument: root) {
            try BootError.call(item.write(below: directory))
        }
    }

    /// The `root=` that dracut stored in a hostonly initramfs: that of the system that built it; `nil` if
    /// none.
    private static func rootOfInitramfs() -> String? {
        let directory = "/etc/cmdline.d"
        var text = ""
        // A failure does not end the boot: units may wait for that root in vain, but the layer is found
        // without it.
        do throws(SystemError) {
            for name in try DirectoryListing.names(in: directory).sorted() {
                do throws(SystemError) { text += try SmallFile.read("\(directory)/\(name)") + " " } catch {
                    complain(error.description)
                }
            }
        } catch {
            complain(error.description)
        }
        return KernelCommandLine(text).value("root")
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

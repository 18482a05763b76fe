import ImgbasedCore
import ImgbasedLinux

/// Looks at what the boot loader has.
enum BootProbe {
    private static let limit = 1 << 20

    /// What the kernel can tell without a look at the boot loader.
    static var runningState: BootState {
        var boot = BootState()
        boot.runningArguments = (try? SmallFile.read("/proc/cmdline")) ?? ""
        return boot
    }

    static func observe(_ mounts: MountReport, fstab: FSTab) throws(HostFailure) -> BootState {
        var boot = runningState
        let mount = mounts.at(boot.directory)
        if let mount {
            boot.uuid = mount.uuid
        } else {
            boot.prefix = boot.directory
            boot.isMissing = fstab.entry(at: boot.directory) != nil
        }
        boot.fileSystem = (mount ?? mounts.at("/"))?.fstype ?? boot.fileSystem
        boot.device = (mount ?? mounts.at("/"))?.source
        boot.free = HostSystem.free(boot.directory) ?? Bytes(0)
        boot.grubDirectory = ["grub", "grub2"].map { boot.directory + "/" + $0 }.first(
            where: HostSystem.exists)
        boot.digests = try BootFileStore(directory: boot.directory + "/imgbased").digests()
        do throws(SystemError) {
            let tree = try HostTree("/")
            let entries = boot.directory + "/loader/entries"
            for name in try tree.names(in: entries) {
                guard let layer = BootEntry.layer(ofFile: name) else { continue }
                guard let text = try tree.read("\(entries)/\(name)", limit: limit) else { continue }
                boot.entries[layer] = String(decoding: text, as: UTF8.self)
            }
            let script = "/usr/lib/imgbased/09_imgbased"
            if let program = try tree.read(script, limit: limit) {
                boot.grubScript = GRUBSnippet(path: script, program: String(decoding: program, as: UTF8.self))
            }
            boot.isGRUBScriptLinked = HostSystem.resolved(GRUBConfig.script) == script
            if let directory = boot.grubDirectory {
                let menu = try tree.read(directory + "/imgbased.cfg", limit: limit)
                boot.menu = menu.map { String(decoding: $0, as: UTF8.self) }
                let config = try tree.read(directory + "/grub.cfg", limit: limit)
                boot.grubConfig = config.map { String(decoding: $0, as: UTF8.self) }
                boot.environment = try tree.read(directory + "/imgbased.env", limit: limit)
            }
        } catch {
            throw .system(error)
        }
        return boot
    }
}

import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Reads the state of the boot loader.
enum BootProbe {
    private static let limit = 1 << 20
    /// In bytes. A menu has a kilobyte or two for each layer.
    private static let menuLimit = 256 << 20

    /// The state that the kernel tells, without a look at the boot loader.
    static var runningState: BootState {
        var boot = BootState()
        boot.runningArguments = (try? SmallFile.read("/proc/cmdline")) ?? ""
        return boot
    }

    /// The state of the boot loader.
    ///
    /// - Parameter readsFirmware: Whether the firmware's variables belong to it.
    static func observe(
        _ mounts: MountReport, fstab: FSTab, readsFirmware: Bool
    ) throws(HostFailure) -> BootState {
        var boot = runningState
        // New entries start with these arguments.
        boot.runningArguments = try calling(SmallFile.read("/proc/cmdline"))
        let mount = mounts.at(boot.directory)
        if let mount {
            boot.uuid = mount.uuid
        } else {
            boot.prefix = boot.directory
            boot.isMissing = fstab.entry(at: boot.directory) != nil
        }
        boot.fileSystem = (mount ?? mounts.at("/"))?.fstype ?? boot.fileSystem
        boot.device = (mount ?? mounts.at("/"))?.source
        boot.mapping = HostSystem.device(of: boot.directory).flatMap {
            SmallFile.line("/sys/dev/block/\($0)/dm/uuid")
        }
        boot.isDataJournaled = HostSystem.device(of: boot.directory).map(journalsData) ?? false
        boot.free = HostSystem.free(boot.directory) ?? Bytes(0)
        func variable(_ name: String) -> String? { readsFirmware ? EFIVariables.text(name) : nil }
        boot.loader = loader(boot.directory, said: variable("LoaderInfo"))
        let store = BootFileStore(directory: boot.directory + "/imgbased")
        boot.digests = try store.digests()
        boot.largestPair = store.largest()
        do throws(SystemError) {
            let tree = try ConfinedTree("/")
            try readEntries(tree, &boot)
            boot.grubScript = try text(GRUBConfig.layers, in: tree)
            boot.isGRUBScriptLinked = HostSystem.resolved(GRUBConfig.script) == GRUBConfig.keeper
            switch boot.loader {
            case nil: break
            case .grub(let directory):
                boot.menu = try text(directory + "/imgbased.cfg", in: tree, limit: menuLimit)
                let store = boot.directory + "/imgbased/"
                boot.fullMenu = try text(store + GRUBMenu.fullName, in: tree, limit: menuLimit)
                boot.loaderScript = try text(store + GRUBMenu.loaderName, in: tree, limit: menuLimit)
                boot.grubConfig = try text(directory + "/grub.cfg", in: tree)
                try readRecord(directory + "/imgbased.env", tree, &boot)
            case .systemdBoot:
                try readRecord(boot.directory + "/loader/imgbased.env", tree, &boot)
                boot.loaderConfig = try text(boot.directory + "/loader/loader.conf", in: tree)
                boot.oneShot = variable("LoaderEntryOneShot")
                boot.loaderDefault = variable("LoaderEntryDefault")
            }
            boot.foreignDigests = try BootLeftovers.foreignDigests(boot, in: tree)
            boot.leftovers = try BootLeftovers.paths(boot, in: tree)
        } catch {
            throw .system(error)
        }
        return boot
    }

    /// The boot loader that says it booted this system, else the one whose files exist.
    private static func loader(_ directory: String, said: String?) -> BootLoader? {
        let grub = ["grub", "grub2"].map { directory + "/" + $0 }.first(where: HostSystem.exists)
        let isSystemdBoot = said?.hasPrefix("systemd-boot") ?? (grub == nil)
        if isSystemdBoot, HostSystem.exists(directory + "/loader/loader.conf") { return .systemdBoot }
        return grub.map { .grub(directory: $0) }
    }

    /// Reads the record at `path`, or notes that `path` is a link.
    static func readRecord(
        _ path: String, _ tree: borrowing ConfinedTree, _ boot: inout BootState
    ) throws(SystemError) {
        if try tree.link(at: path) != nil {
            boot.recordLink = path
        } else {
            boot.environment = try tree.read(path, limit: limit)
        }
    }

    /// Reads our entries.
    ///
    /// After a power cut a layer can have two files: one that can be read counts.
    static func readEntries(_ tree: borrowing ConfinedTree, _ boot: inout BootState) throws(SystemError) {
        let entries = boot.directory + "/loader/entries"
        var texts: [String: [(name: String, text: String)]] = [:]
        for name in try tree.names(in: entries).sorted() {
            guard let layer = BootState.layer(ofEntryFile: name, boot.loader) else { continue }
            guard let text = try text("\(entries)/\(name)", in: tree) else { continue }
            texts[layer, default: []].append((name, text))
        }
        for (layer, files) in texts {
            let chosen = files.last { BootEntry(layer: layer, text: $0.text) != nil } ?? files.last
            boot.entries[layer] = chosen?.text
            boot.entryFiles[layer] = files.map(\.name)
            boot.damagedEntryFiles.formUnion(files.filter { $0.text != chosen?.text }.map(\.name))
        }
    }

    /// Whether ext4 on the device numbered `device` journals content, as the kernel says.
    ///
    /// The mount options need not say so.
    private static func journalsData(_ device: String) -> Bool {
        guard let path = HostSystem.resolved("/sys/dev/block/\(device)"),
            let name = path.split(separator: "/").last,
            let options = try? SmallFile.read("/proc/fs/ext4/\(name)/options")
        else { return false }
        return options.split(separator: "\n").contains("data=journal")
    }

    private static func text(
        _ path: String, in tree: borrowing ConfinedTree, limit: Int = BootProbe.limit
    ) throws(SystemError) -> String? {
        try tree.read(path, limit: limit).map { String(decoding: $0, as: UTF8.self) }
    }
}

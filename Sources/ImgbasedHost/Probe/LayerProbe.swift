import FoundationEssentials
import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedHostLinux
import ImgbasedLinux

/// Reads layers and bases. Their content is not trusted: sizes are limited, links stay within.
public enum LayerProbe {
    private static let textLimit = 1 << 20

    /// Reads the file system on `device`. `mode` says whether its journal may be replayed.
    public static func contents(
        ofDevice device: String, named name: String, _ mode: HostMount.Mode
    ) throws(HostFailure) -> LayerContents {
        let type = try type(ofDevice: device, named: name)
        let tree = try calling(HostMount.mount(device, type: type.rawValue, mode))
        return try contents(of: tree, type: type, named: name)
    }

    /// Reads the running system, the layer called `name`, without file systems mounted beneath it.
    public static func contentsOfRunning(named name: String, type: FileSystemType) throws(HostFailure)
        -> LayerContents
    {
        let tree = try calling(HostMount.only("/"))
        return try contents(of: tree, type: type, named: name)
    }

    /// The name of the running operating system; `nil` if it has none.
    public static func runningSystem() -> String? {
        guard let text = try? SmallFile.read("/etc/os-release") else { return nil }
        return OSRelease(text).prettyName
    }

    /// The fstab of each active layer that is not booted.
    ///
    /// Layers without one are left out, and so are layers that cannot be read: `boot verify` reports those.
    static func tables(of state: HostState, names: HostNames) -> [GroupRename.Table] {
        Layout(state.volumes, group: names.group).layers.compactMap { layer in
            guard layer.isActive, layer.path != state.booted else { return nil }
            return try? table(of: layer.path)
        }
    }

    /// The fstab of each layer that is not booted, and why others cannot be read.
    static func layerTables(of state: HostState, names: HostNames) -> LayerTables {
        var tables = LayerTables()
        for layer in Layout(state.volumes, group: names.group).layers where layer.path != state.booted {
            do throws(HostFailure) {
                let type = try type(ofDevice: layer.path.device, named: layer.name)
                let table = try table(of: layer.path)
                tables.read.append(table ?? GroupRename.Table(layer: layer.path, type: type, contents: []))
            } catch {
                tables.unread[layer.name] = "\(error)"
            }
        }
        return tables
    }

    private static func table(of layer: VolumePath) throws(HostFailure) -> GroupRename.Table? {
        let type = try type(ofDevice: layer.device, named: layer.name)
        let tree = try calling(HostMount.mount(layer.device, type: type.rawValue, .untouched))
        return try read(["/etc/fstab"], in: tree).map {
            GroupRename.Table(layer: layer, type: type, contents: $0)
        }
    }

    /// The type of the file system on `device`; messages call it `name`.
    public static func type(ofDevice device: String, named name: String) throws(HostFailure) -> FileSystemType
    {
        guard let signature = try ImageSource.signature(ofDevice: device) else {
            throw .contents(.unsupportedFileSystem("not known", on: name))
        }
        return signature.type
    }

    /// Reads `tree`; messages call it `name`.
    public static func contents(
        of tree: borrowing ConfinedTree, type: FileSystemType, named name: String
    ) throws(HostFailure) -> LayerContents {
        let fstab = try read(["/etc/fstab"], in: tree) ?? []
        let release = try read(["/etc/os-release", "/usr/lib/os-release"], in: tree) ?? []
        let arguments = try read(["/etc/kernel/cmdline", "/usr/lib/kernel/cmdline"], in: tree)
        let files = try files(in: tree, versions: try versions(tree), named: name)
        return LayerContents(
            type: type, fstab: fstab, release: OSRelease(String(decoding: release, as: UTF8.self)),
            arguments: arguments.map { BootArguments(file: String(decoding: $0, as: UTF8.self)) },
            files: files, helper: InitramfsProbe.helper(in: tree, files.initrd))
    }

    /// The newest kernel of the running system, the layer called `name`, and its place.
    ///
    /// Other layers may have left kernels in a shared `/boot`: only those with modules in this layer count.
    public static func runningFiles(named name: String) throws(HostFailure) -> (
        BootFiles, BootFileSource, HelperPresence
    ) {
        let whole = try calling(ConfinedTree("/"))
        let alone = try calling(HostMount.only("/"))
        let modules = try calling(whole.names(in: "/usr/lib/modules"))
        let mounted = try versions(whole).intersection(modules)
        let hidden = try versions(alone).intersection(modules)
        if let newest = KernelChoice.newest(of: mounted.union(hidden)), mounted.contains(newest.version) {
            let files = try files(newest, in: whole, named: name)
            return (files, .running, InitramfsProbe.helper(in: whole, files.initrd))
        }
        let files = try files(in: alone, versions: hidden, named: name)
        return (files, .runningAlone, InitramfsProbe.helper(in: alone, files.initrd))
    }

    private static func files(
        in tree: borrowing ConfinedTree, versions: Set<String>, named name: String
    ) throws(HostFailure) -> BootFiles {
        guard let pair = KernelChoice.newest(of: versions) else { throw .contents(.noKernel(layer: name)) }
        return try files(pair, in: tree, named: name)
    }

    /// The same, after a check that the files can be stored.
    ///
    /// Each is read to its end for the digest, and a file with holes can have any size.
    private static func files(
        _ pair: KernelChoice.Pair, in tree: borrowing ConfinedTree, named name: String
    ) throws(HostFailure) -> BootFiles {
        let limit = sizeLimit
        for paths in [pair.linux, pair.initrd] {
            for path in paths {
                let size = try calling(tree.openFile(path)?.status().size)
                guard let size else { continue }
                if size > limit.count {
                    throw .contents(.bootFileTooLarge(path, of: name, size: Bytes(size), limit: limit))
                }
                break
            }
        }
        return try BootFileStore.files(pair, in: tree, layer: name)
    }

    /// The size limit of a kernel or an initramfs: the free space or the largest stored pair.
    ///
    /// No boot loader loads 4 GiB.
    private static var sizeLimit: Bytes {
        let free = HostSystem.free("/boot") ?? Bytes(0)
        let stored = BootFileStore(directory: "/boot/imgbased").largest()
        return Bytes(min(max(free.count, stored.count), 4 << 30))
    }

    /// The versions of the kernels in `tree`.
    private static func versions(_ tree: borrowing ConfinedTree) throws(HostFailure) -> Set<String> {
        do throws(SystemError) {
            var versions = Set(try tree.names(in: "/boot").compactMap(KernelChoice.version(ofBootFile:)))
            for version in try tree.names(in: "/usr/lib/modules")
            where try tree.openFile("/usr/lib/modules/\(version)/vmlinuz") != nil {
                versions.insert(version)
            }
            return versions
        } catch {
            throw .system(error)
        }
    }

    /// The content of the first of `paths` that exists; `nil` if none does.
    static func read(_ paths: [String], in tree: borrowing ConfinedTree) throws(HostFailure) -> [UInt8]? {
        do throws(SystemError) {
            for path in paths {
                if let bytes = try tree.read(path, limit: textLimit) { return bytes }
            }
            return nil
        } catch {
            throw .system(error)
        }
    }
}

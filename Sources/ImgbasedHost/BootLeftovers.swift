import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Looks for what replacing files left beside them when it was cut short, and for what of our store others refer to.
enum BootLeftovers {
    private static let limit = 1 << 20
    private static let suffix = ".imgbased-new"

    /// The paths of new files that never took their place, where imgbased replaces files.
    static func paths(_ boot: BootState, in tree: borrowing ConfinedTree) throws(SystemError) -> [String] {
        var directories = ["/etc", boot.directory + "/loader", boot.directory + "/loader/entries"]
        if case .grub(let directory) = boot.loader { directories.append(directory) }
        var paths: [String] = []
        for directory in directories {
            for name in try tree.names(in: directory) where name.hasPrefix(".") && name.hasSuffix(suffix) {
                let path = "\(directory)/\(name)"
                // They are plain files; what else has such a name is somebody else's.
                if (try? tree.openFile(path)) != nil { paths.append(path) }
            }
        }
        let store = boot.directory + "/imgbased"
        if try tree.names(in: store).contains(BootFileStore.temporary) {
            paths.append("\(store)/\(BootFileStore.temporary)")
        }
        // What a link leads to is not ours.
        if try tree.link(at: BootState.staging) == nil {
            paths += try tree.names(in: BootState.staging).map { "\(BootState.staging)/\($0)" }
        }
        let link = GRUBConfig.script + ".new"
        if let script = boot.grubScript, HostSystem.resolved(link) == script.path { paths.append(link) }
        return paths
    }

    /// The digests of our store that entries of others, or GRUB's configuration, have in them: somebody boots those.
    static func foreignDigests(_ boot: BootState, in tree: borrowing ConfinedTree) throws(SystemError) -> Set<
        String
    > {
        var texts = [boot.grubConfig].compactMap { $0 }
        // What cannot be read may have any of them in it.
        if case .grub(let directory) = boot.loader {
            do throws(SystemError) {
                let bytes = try tree.read(directory + "/custom.cfg", limit: limit) ?? []
                texts.append(String(decoding: bytes, as: UTF8.self))
            } catch {
                return boot.digests
            }
        }
        let entries = boot.directory + "/loader/entries"
        for name in try tree.names(in: entries)
        where name.hasSuffix(".conf") && BootState.layer(ofEntryFile: name, boot.loader) == nil {
            // What no boot loader reads either is in nobody's way.
            guard let bytes = try? tree.read("\(entries)/\(name)", limit: limit) else { continue }
            texts.append(String(decoding: bytes, as: UTF8.self))
        }
        return boot.digests.filter { digest in texts.contains { $0.contains(digest) } }
    }
}

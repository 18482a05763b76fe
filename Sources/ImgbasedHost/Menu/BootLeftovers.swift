import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Finds temporary files of interrupted replacements, and stored digests that others refer to.
enum BootLeftovers {
    private static let limit = 1 << 20
    private static let suffix = ".imgbased-new"

    /// The new files that never took their place, in the directories where imgbased replaces files.
    static func paths(_ boot: BootState, in tree: borrowing ConfinedTree) throws(SystemError) -> [String] {
        var directories = ["/etc", boot.directory + "/loader", boot.directory + "/loader/entries"]
        if case .grub(let directory) = boot.loader { directories.append(directory) }
        var paths: [String] = []
        for directory in directories {
            for name in try tree.names(in: directory) where name.hasPrefix(".") && name.hasSuffix(suffix) {
                let path = "\(directory)/\(name)"
                // Ours are plain files. Anything else of such a name is not ours.
                if (try? tree.openFile(path)) != nil { paths.append(path) }
            }
        }
        let store = boot.directory + "/imgbased"
        if try tree.names(in: store).contains(BootFileStore.temporary) {
            paths.append("\(store)/\(BootFileStore.temporary)")
        }
        // The target of a link is not ours.
        if try tree.link(at: BootState.staging) == nil {
            paths += try tree.names(in: BootState.staging).map { "\(BootState.staging)/\($0)" }
        }
        let link = GRUBConfig.script + ".new"
        if HostSystem.resolved(link) == GRUBConfig.keeper { paths.append(link) }
        return paths
    }

    /// The stored digests that foreign entries or GRUB's configuration mention: those kernels are in use.
    static func foreignDigests(_ boot: BootState, in tree: borrowing ConfinedTree) throws(SystemError) -> Set<
        String
    > {
        var texts = [boot.grubConfig].compactMap { $0 }
        // An unreadable file may mention any digest.
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
            // A boot loader cannot read such an entry either.
            guard let bytes = try? tree.read("\(entries)/\(name)", limit: limit) else { continue }
            texts.append(String(decoding: bytes, as: UTF8.self))
        }
        return boot.digests.filter { digest in texts.contains { $0.contains(digest) } }
    }
}

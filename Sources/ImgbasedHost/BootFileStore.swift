import Glibc
public import ImgbasedCore
public import ImgbasedLinux

/// The kernels and initramfs in `/boot/imgbased`, each pair once, in a directory named after its content.
public struct BootFileStore: Sendable {
    /// The directory of the store.
    public var directory: String

    private static let linuxName = "linux"
    private static let initrdName = "initrd"
    /// What an interrupted copy leaves; the next copy removes it.
    static let temporary = ".imgbased-new"
    private static let pieceSize = 1 << 20

    /// The store in `directory`.
    public init(directory: String) {
        self.directory = directory
    }

    /// A file that was found, and what is in it.
    private struct Found {
        var path: String
        var size: UInt64
        var digest: String
    }

    /// The kernel and initramfs of the version that `pair` names, in `tree`, which `layer` is called.
    public static func files(
        _ pair: KernelChoice.Pair, in tree: borrowing HostTree, layer: String
    ) throws(HostFailure) -> BootFiles {
        guard let linux = try first(pair.linux, in: tree) else { throw .contents(.noKernel(layer: layer)) }
        guard let initrd = try first(pair.initrd, in: tree) else {
            throw .contents(.noInitramfs(layer: layer, version: pair.version))
        }
        return BootFiles(
            version: pair.version, linux: linux.path, initrd: initrd.path,
            digest: digest(linux: linux.digest, initrd: initrd.digest), size: Bytes(linux.size + initrd.size))
    }

    /// The digest that names two files: what `sha256sum linux initrd | sha256sum` prints.
    private static func digest(linux: String, initrd: String) -> String {
        var digest = Digest()
        digest.update(Array("\(linux)  \(linuxName)\n\(initrd)  \(initrdName)\n".utf8))
        return digest.hexadecimal()
    }

    private static func first(_ paths: [String], in tree: borrowing HostTree) throws(HostFailure) -> Found? {
        for path in paths {
            do throws(SystemError) {
                guard let file = try tree.openFile(path) else { continue }
                let (digest, size) = try copy(file, to: nil)
                return Found(path: path, size: size, digest: digest)
            } catch {
                throw .system(error)
            }
        }
        return nil
    }

    /// Reads `file` to its end and returns its digest and length; writes it to the file open as `target`.
    private static func copy(
        _ file: borrowing OpenFile, to target: CInt?
    ) throws(SystemError) -> (digest: String, size: UInt64) {
        var digest = Digest()
        var size: UInt64 = 0
        while true {
            let piece = try file.read(upTo: pieceSize)
            digest.update(piece)
            if let target {
                let duplicate = dup(target)
                guard duplicate >= 0 else {
                    throw SystemError("write", file.name, reason: "too many open files")
                }
                try OpenFile(owning: duplicate, name: "/boot").write(piece)
            }
            size += UInt64(piece.count)
            if piece.count < pieceSize { break }
        }
        return (digest.hexadecimal(), size)
    }

    /// Whether the pair named `digest` is there and is what the name says.
    public func verify(_ digest: String) -> Bool {
        guard let tree = try? HostTree("/"),
            let linux = try? BootFileStore.first(
                ["\(directory)/\(digest)/\(BootFileStore.linuxName)"], in: tree),
            let initrd = try? BootFileStore.first(
                ["\(directory)/\(digest)/\(BootFileStore.initrdName)"], in: tree)
        else { return false }
        return BootFileStore.digest(linux: linux.digest, initrd: initrd.digest) == digest
    }

    /// The names of the pairs that are there.
    public func digests() throws(HostFailure) -> Set<String> {
        let names = try calling { () throws(SystemError) in try HostTree("/").names(in: directory) }
        return Set(names.filter { $0.utf8.count == 64 })
    }

    /// How much the largest of the pairs takes.
    public func largest() -> Bytes {
        guard let tree = try? HostTree("/"), let digests = try? digests() else { return Bytes(0) }
        let sizes = digests.map { digest in
            [BootFileStore.linuxName, BootFileStore.initrdName].reduce(UInt64(0)) { sum, name in
                let file = try? tree.openFile("\(directory)/\(digest)/\(name)")?.status().size
                return sum + (file ?? 0)
            }
        }
        return Bytes(sizes.max() ?? 0)
    }

    /// Copies `files` out of `tree`, unless they are there. They appear whole, under their final name, when both
    /// are on the disk.
    public func install(_ files: BootFiles, from tree: borrowing HostTree) throws(HostFailure) {
        if verify(files.digest) { return }
        do throws(SystemError) {
            let host = try HostTree("/")
            try host.makeDirectories(directory)
            let store = try host.open(directory, O_RDONLY | O_DIRECTORY)
            try remove(BootFileStore.temporary, in: store, host)
            guard mkdirat(store.number, BootFileStore.temporary, 0o755) == 0 else {
                throw SystemError.failure("make directory", "\(directory)/\(BootFileStore.temporary)")
            }
            let linux = try place(files.linux, BootFileStore.linuxName, from: tree, host)
            let initrd = try place(files.initrd, BootFileStore.initrdName, from: tree, host)
            guard BootFileStore.digest(linux: linux, initrd: initrd) == files.digest else {
                throw SystemError("copy", files.linux, reason: "it changed while it was copied")
            }
            try host.open("\(directory)/\(BootFileStore.temporary)", O_RDONLY | O_DIRECTORY).flush()
            try remove(files.digest, in: store, host)
            guard renameat(store.number, BootFileStore.temporary, store.number, files.digest) == 0 else {
                throw SystemError.failure("rename", "\(directory)/\(BootFileStore.temporary)")
            }
            try store.flush()
        } catch {
            throw .system(error)
        }
    }

    /// Removes the pairs named `digests`, whole or not.
    public func remove(_ digests: [String]) throws(HostFailure) {
        try calling { () throws(SystemError) in
            let host = try HostTree("/")
            let store = try host.open(directory, O_RDONLY | O_DIRECTORY)
            for digest in digests { try remove(digest, in: store, host) }
            try store.flush()
        }
    }

    /// Copies one file into the new directory and returns its digest.
    private func place(
        _ path: String, _ name: String, from tree: borrowing HostTree, _ host: borrowing HostTree
    ) throws(SystemError) -> String {
        guard let source = try tree.openFile(path) else {
            throw SystemError("copy", path, reason: "it is gone")
        }
        let target = try host.open(
            "\(directory)/\(BootFileStore.temporary)/\(name)", O_WRONLY | O_CREAT | O_EXCL, permissions: 0o600
        )
        let (digest, _) = try BootFileStore.copy(source, to: target.number)
        try target.flush()
        return digest
    }

    /// Removes a pair that is there under `name`, whole or not.
    private func remove(
        _ name: String, in store: borrowing OpenFile, _ host: borrowing HostTree
    ) throws(SystemError) {
        let path = "\(directory)/\(name)"
        guard let pair = try? host.open(path, O_RDONLY | O_DIRECTORY) else { return }
        for file in try host.names(in: path) { unlinkat(pair.number, file, 0) }
        guard unlinkat(store.number, name, AT_REMOVEDIR) == 0 else {
            throw SystemError.failure("remove", path)
        }
    }
}

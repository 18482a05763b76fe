import Glibc
public import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedHostLinux
import ImgbasedLinux

/// The kernels and initramfs in `/boot/imgbased`: each pair once, in a directory named by its digest.
public struct BootFileStore: Sendable {
    /// The path of the store on the running host.
    public var directory: String

    private static let linuxName = "linux"
    private static let initrdName = "initrd"
    /// The name that an interrupted copy of an older imgbase left; the next copy removes it.
    static let temporary = ".imgbased-new"
    private static let pieceSize = 1 << 20

    /// Names the store in `directory`; reads and makes nothing.
    public init(directory: String) {
        self.directory = directory
    }

    /// The directory of pairs while they are written or removed.
    private var staging: String { directory + "/.staging" }

    /// The first of several paths that exists, with its size and digest.
    private struct Found {
        var path: String
        var size: UInt64
        var digest: String
    }

    /// The kernel and initramfs of the version in `pair`, from `tree`. Messages call the tree `layer`.
    public static func files(
        _ pair: KernelChoice.Pair, in tree: borrowing ConfinedTree, layer: String
    ) throws(HostFailure) -> BootFiles {
        guard let linux = try first(pair.linux, in: tree) else { throw .contents(.noKernel(layer: layer)) }
        guard let initrd = try first(pair.initrd, in: tree) else {
            throw .contents(.noInitramfs(layer: layer, version: pair.version))
        }
        return BootFiles(
            version: pair.version, linux: linux.path, initrd: initrd.path,
            digest: digest(linux: linux.digest, initrd: initrd.digest), size: Bytes(linux.size + initrd.size))
    }

    /// The digest that names a pair: the output of `sha256sum linux initrd | sha256sum`.
    private static func digest(linux: String, initrd: String) -> String {
        var digest = Digest()
        digest.update(Array("\(linux)  \(linuxName)\n\(initrd)  \(initrdName)\n".utf8))
        return digest.hexadecimal()
    }

    private static func first(_ paths: [String], in tree: borrowing ConfinedTree) throws(HostFailure)
        -> Found?
    {
        for path in paths {
            do throws(SystemError) {
                guard let file = try tree.openFile(path) else { continue }
                let (digest, size) = try read(file)
                return Found(path: path, size: size, digest: digest)
            } catch {
                throw .system(error)
            }
        }
        return nil
    }

    /// Reads `file` to its end, passes each piece to `write`, and returns digest and length.
    private static func read(
        _ file: borrowing OpenFile, _ write: ([UInt8]) throws(SystemError) -> Void = { _ in }
    ) throws(SystemError) -> (digest: String, size: UInt64) {
        var digest = Digest()
        var size: UInt64 = 0
        while true {
            let piece = try file.read(upTo: pieceSize)
            digest.update(piece)
            try write(piece)
            size += UInt64(piece.count)
            if piece.count < pieceSize { break }
        }
        return (digest.hexadecimal(), size)
    }

    /// Whether the pair named `digest` is stored and has that digest.
    public func verify(_ digest: String) -> Bool {
        guard let tree = try? ConfinedTree("/"),
            let linux = try? BootFileStore.first(
                ["\(directory)/\(digest)/\(BootFileStore.linuxName)"], in: tree),
            let initrd = try? BootFileStore.first(
                ["\(directory)/\(digest)/\(BootFileStore.initrdName)"], in: tree)
        else { return false }
        return BootFileStore.digest(linux: linux.digest, initrd: initrd.digest) == digest
    }

    /// `state`, where `files` count as stored only if the stored pair is undamaged.
    static func checked(_ state: HostState, for files: BootFiles) -> HostState {
        guard state.boot.digests.contains(files.digest) else { return state }
        var state = state
        let store = BootFileStore(directory: state.boot.directory + "/imgbased")
        if !store.verify(files.digest) { state.boot.digests.remove(files.digest) }
        return state
    }

    /// The names of the stored pairs: digests of 64 digits. No pair is read.
    public func digests() throws(HostFailure) -> Set<String> {
        let names = try calling(ConfinedTree("/").names(in: directory))
        return Set(names.filter { $0.utf8.count == 64 })
    }

    /// The size of the largest pair; 0 if there is none or the store cannot be read.
    public func largest() -> Bytes {
        guard let tree = try? ConfinedTree("/"), let digests = try? digests() else { return Bytes(0) }
        let sizes = digests.map { digest in
            [BootFileStore.linuxName, BootFileStore.initrdName].reduce(UInt64(0)) { sum, name in
                let file = try? tree.openFile("\(directory)/\(digest)/\(name)")?.status().size
                return sum + (file ?? 0)
            }
        }
        return Bytes(sizes.max() ?? 0)
    }

    /// Copies `files` from `tree`, unless an undamaged pair is stored.
    ///
    /// The pair appears whole, under its final name, once both files are on the disk.
    public func install(_ files: BootFiles, from tree: borrowing ConfinedTree) throws(HostFailure) {
        if verify(files.digest) { return }
        do throws(SystemError) {
            let host = try ConfinedTree("/")
            try remove([BootFileStore.temporary, files.digest], in: host)
            try host.makeBootDirectory("\(directory)/\(files.digest)", staging: staging) {
                (place) throws(SystemError) in
                let linux = try copy(files.linux, from: tree, to: "\(place)/\(BootFileStore.linuxName)", host)
                let initrd = try copy(
                    files.initrd, from: tree, to: "\(place)/\(BootFileStore.initrdName)", host)
                guard BootFileStore.digest(linux: linux, initrd: initrd) == files.digest else {
                    throw SystemError("copy", files.linux, reason: "it changed while it was copied")
                }
            }
        } catch {
            throw .system(error)
        }
    }

    /// Removes the pairs named `digests`, whole or not, and anything else of such a name in the store.
    ///
    /// Each gets another name before anything in it is removed.
    public func remove(_ digests: [String]) throws(HostFailure) {
        try calling(remove(digests, in: ConfinedTree("/")))
    }

    private func remove(_ names: [String], in host: borrowing ConfinedTree) throws(SystemError) {
        for name in names { try host.removeBootDirectory("\(directory)/\(name)", staging: staging) }
    }

    /// Copies one file into a new directory and returns its digest.
    private func copy(
        _ path: String, from tree: borrowing ConfinedTree, to place: String, _ host: borrowing ConfinedTree
    ) throws(SystemError) -> String {
        guard let source = try tree.openFile(path) else {
            throw SystemError("copy", path, reason: "it is gone")
        }
        let target = try host.open(place, O_WRONLY | O_CREAT | O_EXCL, permissions: 0o600)
        let (digest, _) = try BootFileStore.read(source) { (piece) throws(SystemError) in
            try target.write(piece)
        }
        try target.flush()
        return digest
    }
}

import CLinux
import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import TestTrees

/// Converts trees in memory to real ones and back, with system calls of its own.
enum RealTree {
    struct Failed: Error { var call: String }

    /// Writes the content of the directory `node` to the empty directory at `path`.
    static func write(_ node: MemoryNode, to path: String) throws {
        var names: [ObjectIdentifier: [CChar]] = [:]
        try write(node, Array(path.utf8), &names)
    }

    private static func write(
        _ node: MemoryNode, _ path: [UInt8], _ names: inout [ObjectIdentifier: [CChar]]
    ) throws {
        for (name, entry) in node.entries {
            let place = path + [0x2F] + name
            let file = terminated(place)
            if let first = names[ObjectIdentifier(entry)] {
                try check(link(first, file), "link")
                continue
            }
            names[ObjectIdentifier(entry)] = file
            try make(entry, file)
            if entry.kind == .directory { try write(entry, place, &names) }
            try setAttributes(entry, file)
        }
        try setAttributes(node, terminated(path))
    }

    private static func make(_ node: MemoryNode, _ file: [CChar]) throws {
        switch node.kind {
        case .file:
            let number = open(file, O_WRONLY | O_CREAT | O_EXCL, 0o600)
            try check(number, "open")
            let count = Glibc.write(number, node.content, node.content.count)
            close(number)
            try check(count == node.content.count ? 0 : -1, "write")
        case .directory: try check(mkdir(file, 0o700), "mkdir")
        case .link(let target): try check(symlink(terminated(target), file), "symlink")
        case .pipe: try check(mknod(file, S_IFIFO | 0o600, 0), "mkfifo")
        case .socket: try check(mknod(file, S_IFSOCK | 0o600, 0), "mknod")
        // For small numbers, this equals makedev(3).
        case .characterDevice(let number): try check(mknod(file, S_IFCHR | 0o600, dev_t(number)), "mknod")
        case .blockDevice(let number): try check(mknod(file, S_IFBLK | 0o600, dev_t(number)), "mknod")
        }
    }

    private static func setAttributes(_ node: MemoryNode, _ file: [CChar]) throws {
        let attributes = node.attributes
        try check(lchown(file, attributes.owner, attributes.group), "lchown")
        if !node.kind.isLink { try check(chmod(file, attributes.permissions), "chmod") }
        for (name, value) in attributes.extended {
            try check(lsetxattr(file, terminated(name), value, value.count, 0), "lsetxattr")
        }
        let time = timespec(
            tv_sec: Int(attributes.modified.seconds), tv_nsec: Int(attributes.modified.nanoseconds))
        try check(utimensat(AT_FDCWD, file, [time, time], AT_SYMLINK_NOFOLLOW), "utimensat")
    }

    /// Reads the directory at `path`.
    static func read(_ path: String) throws -> MemoryNode {
        let tree = try ConfinedTree(path).directory()
        let root = MemoryNode.directory()
        var nodes: [NodeFacts.Identity: MemoryNode] = [:]
        try read(tree, into: root, &nodes)
        return root
    }

    private static func read(
        _ directory: OpenDirectory, into node: MemoryNode, _ nodes: inout [NodeFacts.Identity: MemoryNode]
    ) throws {
        for name in try directory.listing(limit: 10_000) {
            guard let facts = try directory.look(at: name) else { continue }
            let entry = nodes[facts.identity] ?? MemoryNode(facts.kind, facts.attributes)
            nodes[facts.identity] = entry
            node.entries[name] = entry
            if facts.isFile { entry.content = try directory.bytes(of: name, limit: 1 << 20) ?? [] }
            if facts.isDirectory { try read(try directory.open(directory: name), into: entry, &nodes) }
        }
    }

    private static func terminated(_ bytes: [UInt8]) -> [CChar] {
        bytes.map { CChar(bitPattern: $0) } + [0]
    }

    private static func check(_ result: CInt, _ call: String) throws {
        guard result >= 0 else { throw Failed(call: "\(call): \(String(cString: strerror(errno)))") }
    }
}

extension NodeFacts.Kind {
    fileprivate var isLink: Bool { if case .link = self { true } else { false } }
}

import CLinux
import Glibc
import ImgbasedCore
import ImgbasedHostCore
public import ImgbasedLinux

/// What has something open below a directory of the running system.
///
/// A new mount at the directory does not take it away from them: they go on with the files below.
public struct PlaceUsers: Sendable {
    /// The directory.
    private let place: String
    /// The device number, MAJOR:MINOR, of the file system that holds it.
    private let device: String
    /// The path of the directory in its file system.
    private let inner: TreePath

    /// The users of the directory at `place`, before anything is mounted there.
    public init(of place: String) throws(SystemError) {
        guard let path = TreePath(parsing: place), let device = HostSystem.device(of: place) else {
            throw SystemError("look at", place, reason: "it is not there")
        }
        (self.place, self.device) = (place, device)
        let mounts = try Mount.table().entries.compactMap { entry in
            TreePath(parsing: entry.place).map { (entry: entry, place: $0) }
        }
        // Of several at one place, the last one counts.
        let holder = mounts.enumerated().filter { $0.element.place.covers(path) }
            .max { ($0.element.place.bytes.count, $0.offset) < ($1.element.place.bytes.count, $1.offset) }?
            .element
        let rest = holder.map { path.components.dropFirst($0.place.components.count) } ?? path.components[...]
        inner = rest.reduce(holder.flatMap { TreePath(parsing: $0.entry.root) } ?? .root) {
            $0.appending($1) ?? $0
        }
    }

    /// The present users, in words; this program is none.
    ///
    /// They are processes with a file, working directory or root there, mounts of a directory in it, swap
    /// files, loop devices, and directories that the kernel exports by NFS. Processes that end meanwhile are
    /// left out.
    public func find() throws(SystemError) -> [String] {
        var users: [String] = []
        var namespaces: Set<String> = []
        for name in try DirectoryListing.names(in: "/proc") {
            guard let process = Int32(name), process != getpid() else { continue }
            let directory = "/proc/\(process)"
            let words = "\(SmallFile.line(directory + "/comm") ?? "a program") (process \(process))"
            if isUser(directory) {
                users.append(words)
            } else if let namespace = PlaceUsers.target(of: directory + "/ns/mnt"),
                namespaces.insert(namespace).inserted, let mount = mount(directory)
            {
                users.append("\(words), which has it at \(mount)")
            }
        }
        return users + kernelUsers
    }

    private func isUser(_ directory: String) -> Bool {
        for link in ["/cwd", "/root"] where isBelow(directory + link) { return true }
        for number in (try? DirectoryListing.names(in: directory + "/fd")) ?? []
        where isBelow(directory + "/fd/" + number) { return true }
        // A file that is only mapped. Programs and libraries are mapped too, and do not write.
        let maps = (try? SmallFile.read(directory + "/maps", limit: 16 << 20)) ?? ""
        return maps.split(separator: "\n").contains { line in
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count == 6, fields[1].utf8.dropFirst().first == UInt8(ascii: "w"),
                fields[1].utf8.last == UInt8(ascii: "s")
            else { return false }
            return isWithin(String(fields[5].drop { $0 == " " }))
        }
    }

    /// Whether the link of proc(5) at `path` leads to a file below the directory, in the same file system.
    private func isBelow(_ path: String) -> Bool {
        // Only then is the file itself looked at: another file system may not answer.
        guard let target = PlaceUsers.target(of: path), isWithin(target) else { return false }
        return HostSystem.device(of: path) == device
    }

    private func isWithin(_ path: String) -> Bool {
        path == place || path.hasPrefix(place + "/") || path == place + " (deleted)"
    }

    /// The place of a mount of the directory, or of something in it, in the namespace of a process.
    private func mount(_ directory: String) -> String? {
        guard let text = try? SmallFile.read(directory + "/mountinfo", limit: 16 << 20) else { return nil }
        return MountTable(text.utf8).entries.first { entry in
            entry.number == device && TreePath(parsing: entry.root).map(inner.covers) == true
        }?.path
    }

    private var kernelUsers: [String] {
        var users: [String] = []
        for file in SwapTable.files((try? SmallFile.read("/proc/swaps")) ?? "") where isWithin(file) {
            users.append("swap file \(file)")
        }
        for name in (try? DirectoryListing.names(in: "/sys/block")) ?? [] {
            guard let file = SmallFile.line("/sys/block/\(name)/loop/backing_file"), isWithin(file) else {
                continue
            }
            users.append("/dev/\(name)")
        }
        // A line is a path and its clients (linux: fs/nfsd/export.c, svc_export_show).
        let exports = (try? SmallFile.read("/proc/fs/nfsd/exports", limit: 1 << 20)) ?? ""
        for line in exports.split(separator: "\n") {
            let word = line.prefix { $0 != "\t" && $0 != " " }
            let path = String(decoding: MountTable.plain(Array(word.utf8)[...]), as: UTF8.self)
            if isWithin(path) || place.hasPrefix(path == "/" ? path : path + "/") {
                users.append("the NFS server, which exports \(path)")
            }
        }
        return users
    }

    /// The target of the link at `path`; `nil` if it cannot be read.
    ///
    /// The corresponding C function is `readlink`.
    private static func target(of path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        return count > 0
            ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}

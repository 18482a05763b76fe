import CLinux
import Glibc
import ImgbasedLinux

/// Checks that only root can change a program that runs as root, as cron(8) and sudo(8) do.
public enum HostTrust {
    /// The greatest number of links on the way.
    private static let linkLimit = 40

    /// Why a user other than root and the one who runs this can change the program `path`; `nil` if none can.
    ///
    /// `path` is absolute. The file, each link and each directory on the way are checked. A directory where
    /// only owners remove and rename, as `/tmp`, passes: the files in it on the way are checked as well.
    ///
    /// The corresponding C functions are `lstat` and `readlink`.
    public static func problem(of path: String) -> String? {
        var links = 0
        return problem(of: path, &links)
    }

    private static func problem(of path: String, _ links: inout Int) -> String? {
        var place = ""
        var parts = path.split(separator: "/").map(String.init)[...]
        if let problem = problem(at: "/") { return problem }
        while let part = parts.popFirst() {
            let next = part == ".." ? parent(of: place) : part == "." ? place : place + "/" + part
            if next.isEmpty { continue }
            if let problem = problem(at: next) { return problem }
            guard let target = link(next) else {
                place = next
                continue
            }
            links += 1
            if links > linkLimit { return "there are too many links on the way" }
            if target.hasPrefix("/") { place = "" }
            parts = target.split(separator: "/").map(String.init)[...] + parts
        }
        return nil
    }

    private static func problem(at path: String) -> String? {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            return "\(SystemError.last("look at", path))"
        }
        if status.st_uid != 0, status.st_uid != geteuid() {
            return "'\(path)' belongs to user \(status.st_uid), not to root"
        }
        let kind = status.st_mode & S_IFMT
        let isWritable = status.st_mode & (S_IWGRP | S_IWOTH) != 0
        let isSticky = kind == S_IFDIR && status.st_mode & S_ISVTX != 0
        if kind == S_IFLNK || !isWritable || isSticky { return nil }
        return "users other than root can write to '\(path)'; use 'chmod go-w \(path)'"
    }

    private static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }

    /// The target of the link at `path`; `nil` if `path` is no link.
    private static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        return count >= 0
            ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }
}

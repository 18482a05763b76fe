import ImgbasedCore

/// The place of a data volume: the path at which every layer mounts it.
public struct DataPlace: Hashable, Comparable, Sendable {
    /// The path.
    public let path: TreePath
    /// The path as text.
    public let text: String

    /// The place at `text`, an absolute path; `nil` if it is none, or has control characters.
    public init?(_ text: String) {
        guard let path = TreePath(parsing: text), path != .root else { return nil }
        let isPlain = path.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        // A path that is no text cannot be typed or shown.
        let decoded = String(decoding: path.bytes, as: UTF8.self)
        guard isPlain, Array(decoded.utf8) == path.bytes else { return nil }
        (self.path, self.text) = (path, decoded)
    }

    /// Reads a path that ``tag`` wrote; `nil` if it is none.
    public init?(tag: String) {
        var bytes: [UInt8] = []
        var rest = Array(tag.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "#") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        self.init(String(decoding: bytes, as: UTF8.self))
    }

    /// The path in the characters of LVM tags (lvm(8)): any other byte is `#` and two hexadecimal digits.
    public var tag: String {
        path.bytes.map { byte in
            DataPlace.isPlain(byte) ? String(UnicodeScalar(byte)) : "#" + DataPlace.hexadecimal(byte)
        }.joined()
    }

    /// The path in a table, fstab(5): blanks and backslashes are three octal digits each.
    public var field: String {
        var field = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case " ": field += "\\040".unicodeScalars
            case "\\": field += "\\134".unicodeScalars
            default: field.append(scalar)
            }
        }
        return String(field)
    }

    /// Orders by path: a place comes before those in it.
    public static func < (a: DataPlace, b: DataPlace) -> Bool { a.path < b.path }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_+.-/".utf8.contains(byte)
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.utf8.count < 2 ? "0" + digits : digits
    }
}

extension DataPlace: CustomStringConvertible {
    /// The path.
    public var description: String { text }
}

extension DataPlace {
    /// The places that belong to each layer, whose system is of one age with them.
    ///
    /// They are the system's own directories, its configuration, what the kernel and systemd mount, and in
    /// `/var` the records of what is installed in `/usr`: those of dpkg, rpm and others, of alternatives, of
    /// configured packages, and imgbased's own.
    private static let layersOwn = [
        "/bin", "/boot", "/config", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/lost+found",
        "/proc", "/run", "/sbin", "/sys", "/usr", "/var/cache/debconf", "/var/lib/alternatives",
        "/var/lib/apt", "/var/lib/dnf", "/var/lib/dpkg", "/var/lib/imgbased", "/var/lib/pacman",
        "/var/lib/pam", "/var/lib/rpm", "/var/lib/selinux", "/var/lib/sysimage", "/var/lib/systemd/catalog",
        "/var/lib/ucf", "/var/lib/yum", "/var/lib/zypp", "/var/lock", "/var/run",
    ].compactMap(TreePath.init(parsing:))

    /// The place in `/usr` that is not the system's (hier(7)).
    private static let local = TreePath(parsing: "/usr/local") ?? .root

    /// Throws if layers of different age cannot share the place: it belongs to each layer, or has something
    /// in it that does.
    func check() throws(HostReason) {
        if DataPlace.local.covers(path) { return }
        for own in DataPlace.layersOwn {
            if own.covers(path) { throw .data(.layersOwn(self, own: own)) }
            if path.covers(own) { throw .data(.holdsLayersOwn(self, own: own)) }
        }
    }

    /// The name for a new volume: the path with `-` for each `/` and `--` for each `-`, as oVirt's imgbased
    /// names them (`Volumes._volname`), and `_` for what LVM2 does not allow.
    var volumeName: String {
        var name = ""
        for scalar in text.unicodeScalars.dropFirst() {
            switch scalar {
            case "/": name += "-"
            case "-": name += "--"
            default:
                let isAllowed =
                    scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
                    || "_+.".unicodeScalars.contains(scalar)
                name.unicodeScalars.append(isAllowed ? scalar : "_")
            }
        }
        return name
    }

    /// A name for a new volume of `group` that no other has.
    func freeName(in state: HostState, _ group: String) -> String {
        let taken = Set(state.volumes.lazy.filter { $0.path.group == group }.map(\.name))
        var name = String(volumeName.prefix(VolumeName.limit - 4))
        if (try? VolumeName.check(name)) == nil { name = "data" }
        if !taken.contains(name) { return name }
        var number = 2
        while taken.contains("\(name)_\(number)") { number += 1 }
        return "\(name)_\(number)"
    }

    /// The place of a volume that oVirt's imgbased made, which has no tag with its path.
    init?(ovirtName name: String) {
        var text = "/"
        var rest = name.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            if scalar == "-" {
                if rest.first == "-" {
                    rest.removeFirst()
                    text += "-"
                } else {
                    text += "/"
                }
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        self.init(text)
    }
}

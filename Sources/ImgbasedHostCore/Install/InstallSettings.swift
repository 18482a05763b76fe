import ImgbasedCore

/// The settings that an installation gives a layer, beside what the image has.
public struct InstallSettings: Hashable, Sendable {
    /// The name of the host; `nil` keeps the image's.
    public var hostname: HostName?
    /// The password of root; `nil` keeps the image's.
    public var password: PasswordHash?
    /// The keys by which root can log in, in the order of the files.
    public var keys: [AuthorizedKeys] = []
    /// The files put over the layer; `nil` for none.
    public var overlay: Overlay?

    /// No settings.
    public init() {}

    /// The place of root's keys, which sshd(8) reads.
    public static let keyPath = "/root/.ssh/authorized_keys"

    /// The list of paths outside `/etc` that updates carry too (imgbased.persist(5)); `nil` for none.
    var persistList: [UInt8]? {
        let key = keys.isEmpty ? nil : TreePath(parsing: InstallSettings.keyPath)
        let paths = (overlay?.carriedPaths ?? []) + [key].compactMap { $0 }
        if paths.isEmpty { return nil }
        return Array("# Written by imgbase install: carried by updates, besides /etc.\n".utf8)
            + Set(paths).sorted().flatMap { PathPattern.literal($0) + [UInt8(ascii: "\n")] }
    }
}

extension PathPattern {
    /// The line of a list that means `path` alone, whatever characters are in it.
    static func literal(_ path: TreePath) -> [UInt8] {
        path.bytes.flatMap { "*?[]\\# ".utf8.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
    }
}

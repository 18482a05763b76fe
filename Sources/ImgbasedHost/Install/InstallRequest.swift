public import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// A request to install an image on disks.
public struct InstallRequest: Sendable {
    /// The paths of the disks; the first gets the boot loader.
    public var disks: [String]
    /// Whether the present contents of the disks are given up.
    public var wipes = false
    /// Whether disks of a host of imgbased are refused all the same.
    public var keepsHosts = false
    /// The boot loader.
    public var loader = InstallLoader.grub
    /// The size of `/boot`, the pool and Config; `nil` for the default.
    public var sizes: (boot: Bytes?, pool: Bytes?, config: Bytes?) = (nil, nil, nil)
    /// The data volumes.
    public var volumes: [(place: DataPlace, size: Bytes)] = []
    /// The name of the host; `nil` keeps the image's.
    public var hostname: String?
    /// The file with the hash of root's password; `nil` keeps the image's.
    public var passwordFile: String?
    /// The files with public keys of root.
    public var keyFiles: [String] = []
    /// The directory put over the layer; `nil` for none.
    public var overlay: String?

    /// A request for an installation on `disks`, without settings.
    public init(disks: [String]) {
        self.disks = disks
    }
}

extension InstallRequest {
    private static let limit = 64 << 10

    /// The settings in the named files, checked.
    func settings() throws(HostFailure) -> InstallSettings {
        var settings = InstallSettings()
        if let hostname {
            settings.hostname = try checked { () throws(InstallReason) in try HostName(hostname) }
        }
        if let path = passwordFile {
            let contents = try contents(of: path, isPrivate: true)
            settings.password = try checked { () throws(InstallReason) in
                try PasswordHash(contents, path: path)
            }
        }
        for path in keyFiles {
            let contents = try contents(of: path, isPrivate: false)
            settings.keys.append(
                try checked { () throws(InstallReason) in try AuthorizedKeys(contents, path: path) })
        }
        if let path = overlay {
            let directory = try calling { () throws(SystemError) in try ConfinedTree(path).directory() }
            settings.overlay = try checked { () throws(InstallReason) in
                try Overlay(path: path, reading: directory)
            }
        }
        return settings
    }

    /// The contents of a plain file. Nobody but its owner, who is root, may read a private one.
    private func contents(of path: String, isPrivate: Bool) throws(HostFailure) -> [UInt8] {
        guard let file = try calling(OpenFile.plain(at: path)) else {
            throw .system(SystemError("read", path, errno: 2))
        }
        let status = try calling(file.status())
        if isPrivate, status.owner != 0 || status.permissions & 0o077 != 0 {
            let problem =
                status.owner != 0
                ? "does not belong to root; use 'chown root'" : "is open to other users; use 'chmod 600'"
            throw .contents(.install(.notPrivate(path, problem: problem)))
        }
        return try calling(file.readAll(limit: InstallRequest.limit))
    }

    private func checked<Result>(
        _ body: () throws(InstallReason) -> Result
    ) throws(HostFailure) -> Result {
        do throws(InstallReason) { return try body() } catch { throw .contents(.install(error)) }
    }
}

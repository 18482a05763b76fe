import FoundationEssentials
import ImgbasedCore
public import ImgbasedHostCore

/// The reports of `lsblk -J` and `wipefs -J` on a disk.
public enum DiskReport {
    /// Asks for `disk` and every device on it.
    ///
    /// Without NAME, lsblk prints a list in which no device is on another (lsblk.c, main).
    public static func devicesCommand(_ disk: String) -> Command {
        Command(
            .lsblk,
            [
                "--json", "--bytes", "--paths", "--output",
                "NAME,PATH,SIZE,RO,FSTYPE,MOUNTPOINTS,TYPE,PARTUUID,LOG-SEC", disk,
            ], about: "'\(disk)'")
    }

    /// Asks for the signatures on `disk`; without `--all`, nothing is wiped.
    public static func signaturesCommand(_ disk: String) -> Command {
        Command(.wipefs, ["--json", "--no-act", disk], about: "the content of '\(disk)'")
    }

    private struct Devices: Decodable {
        var blockdevices: [Device]
    }

    private struct Device: Decodable {
        var path: String
        var size: UInt64?
        var ro: Bool?
        var fstype: String?
        var mountpoints: [String?]?
        var children: [Device]?
        var type: String?
        var partuuid: String?
        var sectorSize: UInt64?

        enum CodingKeys: String, CodingKey {
            case path, size, ro, fstype, mountpoints, children, type, partuuid
            case sectorSize = "log-sec"
        }

        /// The devices on this one, each after the one it is on.
        var descendants: [Device] { (children ?? []).flatMap { [$0] + $0.descendants } }
    }

    private struct Signatures: Decodable {
        struct Signature: Decodable {
            var type: String
        }
        var signatures: [Signature]
    }

    private static func device(_ path: String, in devices: [UInt8]) throws(HostFailure) -> Device {
        do {
            guard let first = try JSONDecoder().decode(Devices.self, from: Data(devices)).blockdevices.first
            else {
                throw HostFailure.report(.lsblk, reason: "it has no '\(path)'")
            }
            return first
        } catch let failure as HostFailure {
            throw failure
        } catch {
            throw .report(.lsblk, reason: "\(error)".oneLine)
        }
    }

    /// The disk named `path` with the devices on it, from the two reports.
    public static func installDisk(
        _ path: String, devices: [UInt8], signatures: [UInt8]
    ) throws(HostFailure) -> InstallDisk {
        let device = try device(path, in: devices)
        var found = InstallDisk(
            try disk(path, devices: devices, signatures: signatures), kind: device.type ?? "unknown",
            devices: device.descendants.map {
                InstallDisk.Device(
                    path: $0.path, kind: $0.type ?? "unknown", id: $0.partuuid?.lowercased(),
                    mountPoints: ($0.mountpoints ?? []).compactMap { $0 }, signature: $0.fstype,
                    hasDevices: $0.children?.isEmpty == false)
            })
        if let size = device.sectorSize, size > 0 { found.sectorSize = Bytes(size) }
        return found
    }

    /// The disk named `path`, from the two reports.
    public static func disk(
        _ path: String, devices: [UInt8], signatures: [UInt8]
    ) throws(HostFailure) -> HostState.Disk {
        let device = try device(path, in: devices)
        var found: Set<String> = []
        do {
            // wipefs prints nothing if it finds nothing.
            if !signatures.isEmpty {
                found = Set(
                    try JSONDecoder().decode(Signatures.self, from: Data(signatures)).signatures.map(\.type))
            }
        } catch {
            throw .report(.wipefs, reason: "\(error)".oneLine)
        }
        if let type = device.fstype { found.insert(type) }
        return HostState.Disk(
            path: path, kernelPath: device.path, size: Bytes(device.size ?? 0),
            isReadOnly: device.ro ?? false,
            signatures: found.sorted(), holders: (device.children ?? []).map(\.path),
            mountPoints: (device.mountpoints ?? []).compactMap { $0 })
    }
}

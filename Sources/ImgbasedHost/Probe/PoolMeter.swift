import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// The used space of thin pools, to the block: lvm2 reports only hundredths of a percent.
struct PoolMeter: Sendable {
    private var pools: [(device: String, chunkSize: UInt64)]

    /// A meter of the pools of `volumes`, as in `state`.
    init(of volumes: [Volume], in state: HostState) {
        let paths = Set(
            volumes.compactMap { volume in
                volume.pool.map { VolumePath(group: volume.path.group, name: $0) }
            })
        pools = state.volumes.filter { paths.contains($0.path) }.compactMap { pool in
            let name = DeviceMapperName(group: pool.path.group, volume: pool.name, layer: "tpool")
            return pool.usage.map { (name.description, $0.chunkSize.count) }
        }
    }

    /// A meter of the pools below the file system of `path`.
    init(beneath path: String) throws(SystemError) {
        try self.init(of: HostSystem.device(of: path))
    }

    /// A meter of the pools below the device at `path`.
    init(beneathDevice path: String) throws(SystemError) {
        try self.init(of: HostSystem.number(ofDevice: path))
    }

    private init(of number: String?) throws(SystemError) {
        guard let number else {
            pools = []
            return
        }
        pools = try PoolMeter.names(beneath: "/sys/dev/block/\(number)").compactMap { name in
            // "START LENGTH thin-pool METADATA DATA SECTORS …" (linux: thin-provisioning.rst).
            let words = (try? DeviceMapper().table(name))?.first?.split(separator: " ") ?? []
            guard words.count > 5, words[2] == "thin-pool", let sectors = UInt64(words[5]),
                let chunkSize = Sectors(sectors).bytes
            else { return nil }
            return (name, chunkSize.count)
        }
    }

    /// The device names of lvm2's thin pools below the device with this directory in sysfs.
    static func names(beneath directory: String) throws(SystemError) -> [String] {
        if let uuid = SmallFile.line(directory + "/dm/uuid"), uuid.hasPrefix("LVM-"), uuid.hasSuffix("-tpool")
        {
            return [SmallFile.line(directory + "/dm/name")].compactMap { $0 }
        }
        var names: [String] = []
        for slave in try DirectoryListing.names(in: directory + "/slaves").sorted() {
            names += try PoolMeter.names(beneath: "\(directory)/slaves/\(slave)")
        }
        return names
    }

    /// Whether it has no pool.
    var isEmpty: Bool { pools.isEmpty }

    /// The space left before a pool counts as full; `nil` if unknown, or without a pool.
    func room() -> Bytes? {
        pools.compactMap { pool -> Bytes? in
            guard let line = try? DeviceMapper().status(pool.device), let status = ThinPoolStatus(line),
                let (usage, size) = PoolUsage.measured(status, chunkSize: Bytes(pool.chunkSize))
            else { return nil }
            return usage.room(of: size).bytes
        }.min()
    }

    /// The used space of all pools; `nil` if unknown.
    func used() -> Bytes? {
        var sum: UInt64 = 0
        for pool in pools {
            guard let line = try? DeviceMapper().status(pool.device), let data = ThinPoolStatus(line)?.data
            else { return nil }
            sum += data.used * pool.chunkSize
        }
        return pools.isEmpty ? nil : Bytes(sum)
    }
}

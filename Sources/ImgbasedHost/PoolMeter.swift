import ImgbasedCore
import ImgbasedLinux

/// How much of a thin pool is in use, to the block: lvm2 reports it in hundredths of a percent only.
struct PoolMeter: Sendable {
    private var pools: [(device: String, chunkSize: UInt64)]

    /// A meter of the pools that `volumes` are in, as `state` has them.
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

    /// What is in use now; `nil` where that cannot be told.
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

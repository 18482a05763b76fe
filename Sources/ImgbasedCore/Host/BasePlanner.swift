/// What is known of an image before it is read.
public struct ImageDescription: Hashable, Sendable {
    /// Its path, or `-` for standard input.
    public var path: String
    /// How many bytes it has, where that is known.
    public var length: Bytes?
    /// How many of them are stored, where that is known: what a sparse copy needs.
    public var allocated: Bytes?
    /// Its file system, or `nil` where none is known.
    public var signature: FileSystemSignature?

    /// An image of these parts.
    public init(path: String, length: Bytes?, allocated: Bytes?, signature: FileSystemSignature?) {
        self.path = path
        self.length = length
        self.allocated = allocated
        self.signature = signature
    }
}

/// How an image may be written to a thin volume.
public struct ImageAllowance: Hashable, Sendable {
    /// How much of the pool it may take, where that is known.
    public var room: Bytes?
    /// How long a chunk is, the unit in which it takes it.
    public var chunkSize: Bytes
    /// Whether blocks of zeros may be left out: where what is not written reads as zeros.
    public var isSparse: Bool

    /// An allowance of these parts.
    public init(room: Bytes?, chunkSize: Bytes, isSparse: Bool) {
        self.room = room
        self.chunkSize = chunkSize
        self.isSparse = isSparse
    }
}

/// `imgbase base --add`: an image as a new base.
public struct BasePlanner: Sendable {
    /// The name the base is to have; without it, the next `Base-N`.
    public var name: String?
    /// How large its volume is to be; without it, as large as the image.
    public var size: Bytes?
    /// The image.
    public var image: ImageDescription

    /// A request for a base.
    public init(name: String?, size: Bytes?, image: ImageDescription) {
        self.name = name
        self.size = size
        self.image = image
    }

    /// Fuller than this, in percent, a pool is not given more.
    static let fullPercent = 95.0

    /// The steps from `state` to one with the base, and where that will be.
    public func plan(_ state: HostState, names: HostNames) throws(HostRefusal) -> (Plan, VolumePath) {
        var plan = Plan(goal: name.map { "add base '\($0)'" } ?? "add a base")
        do throws(HostReason) {
            let pool = try state.pool(names)
            let group = try state.group(names.group)
            let name = try chooseName(state, names)
            plan.goal = "add base '\(name)'"
            let size = try checkedSize().roundedUp(to: group.extentSize)
            try state.checkFull(pool)
            try checkSpace(pool)
            let path = VolumePath(group: names.group, name: name.description)
            let allowance = ImageAllowance(
                room: pool.room?.bytes, chunkSize: pool.usage?.chunkSize ?? Bytes(0),
                isSparse: pool.usage?.zeroes ?? false)
            plan.prepare = [
                .createBase(path, pool: names.pool, size: size),
                .writeImage(image.path, to: path, allowance),
            ]
            plan.prepare += state.hooks.steps(.newBaseAdded, group: names.group, base: path.name)
            plan.commit = [.sealBase(path)]
            plan.undo = [.removeVolume(path)]
            return (plan, path)
        } catch {
            throw HostRefusal(plan.goal, error)
        }
    }

    private func chooseName(_ state: HostState, _ names: HostNames) throws(HostReason) -> BaseName {
        let taken = state.volumes.filter { $0.path.group == names.group }
        if let name {
            let parsed: BaseName
            do { parsed = try BaseName(name) } catch { throw HostReason.badName(name, error) }
            guard !taken.contains(where: { $0.name == name }) else { throw .exists(name) }
            return parsed
        }
        // A number is not used again while a layer of the base that had it is left.
        let numbers = taken.compactMap { volume in
            (try? BaseName(volume.name))?.number ?? (try? LayerName(volume.name))?.base.number
        }
        return BaseName(number: (numbers.max() ?? -1) + 1)
    }

    private func checkedSize() throws(HostReason) -> Bytes {
        guard let signature = image.signature else { throw .noFileSystem(image: image.path) }
        if let length = image.length, length < signature.size {
            throw .imageCutShort(image: length, fileSystem: signature.size)
        }
        let needed = image.length ?? signature.size
        guard let size = size ?? image.length else { throw .sizeNeeded }
        guard size >= needed else { throw .imageLarger(image: needed, size: size) }
        return size
    }

    private func checkSpace(_ pool: Volume) throws(HostReason) {
        guard let room = pool.room, let usage = pool.usage, let allocated = image.allocated else { return }
        let needed = allocated.roundedUp(to: usage.chunkSize)
        guard needed <= room.bytes else {
            throw .poolShort(pool.path, missing: Bytes(needed.count - room.bytes.count), of: room.limit)
        }
    }
}

extension Volume {
    /// How much a pool is given at most before it counts as full, and whether its data or its metadata sets that
    /// limit; `nil` where it does not say how full it is.
    ///
    /// A pool that runs full stops every volume in it, the booted layer among them, so what is left stays.
    public var room: (bytes: Bytes, limit: String)? {
        guard let usage else { return nil }
        func free(_ size: Bytes, _ used: Double) -> UInt64 {
            UInt64(max(0, Double(size.count) * (BasePlanner.fullPercent - used) / 100))
        }
        let data = free(size, usage.data)
        // A mapping takes 16 bytes in a leaf of a tree that can be half empty, and blocks are copied on write.
        let metadata = free(usage.metadataSize, usage.metadata)
        let chunks = (metadata - min(metadata, 256 << 10)) / 48
        let mapped = chunks.multipliedReportingOverflow(by: usage.chunkSize.count)
        return mapped.overflow || data <= mapped.partialValue
            ? (Bytes(data), "data") : (Bytes(mapped.partialValue), "data, for want of metadata")
    }
}

extension HostState {
    /// Throws where a pool is too full to be given more.
    func checkFull(_ pool: Volume) throws(HostReason) {
        guard let usage = pool.usage else { return }
        if usage.data >= BasePlanner.fullPercent {
            throw .poolFull(pool.path, percent: Int(usage.data), of: "")
        }
        if usage.metadata >= BasePlanner.fullPercent {
            throw .poolFull(pool.path, percent: Int(usage.metadata), of: " of metadata")
        }
    }
}

public import ImgbasedCore

/// `imgbase base --add`: an image as a new base.
public struct BasePlanner: Sendable {
    /// The name the base is to have; without it, the next `Base-N`.
    public var name: String?
    /// How large its volume is to be; without it, as large as the image, or as its files need.
    public var size: Bytes?
    /// The image.
    public var image: ImageDescription
    /// Whether it is for an update, which goes on when the base is complete.
    public var isUpdate = false
    /// The type of the file system that files get; without it, that of the running root.
    public var fileSystem: FileSystemType?

    /// A request for a base.
    public init(
        name: String?, size: Bytes?, image: ImageDescription, fileSystem: FileSystemType? = nil
    ) {
        self.name = name
        self.size = size
        self.image = image
        self.fileSystem = fileSystem
    }

    /// What is being done, as in `cannot …`.
    var goal: String { name.map { "add base '\($0)'" } ?? "add a base" }

    /// Fuller than this, in percent, a pool is not given more.
    static let fullPercent = 95.0

    /// The steps from `state` to one with the base, and where that will be.
    public func plan(_ state: HostState, names: HostNames) throws(HostRefusal) -> (Plan, VolumePath) {
        var plan = Plan(goal: goal)
        do throws(HostReason) {
            let pool = try state.pool(names)
            let group = try state.group(names.group)
            let name = try chooseName(state, names)
            plan.goal = "add base '\(name)'"
            let size = try checkedSize().roundedUp(to: group.extentSize)
            try state.checkFull(pool)
            try checkSpace(pool, size)
            let path = VolumePath(group: names.group, name: name.description)
            let allowance = ImageAllowance(
                room: pool.room?.bytes, chunkSize: pool.usage?.chunkSize ?? Bytes(0),
                isSparse: pool.usage?.zeroes ?? false)
            plan.prepare = [.createBase(path, pool: names.pool, size: size)]
            if case .tree(let tree) = image.content {
                let draft = FileSystemDraft(
                    type: fileSystem ?? tree.type, uuid: tree.uuid, inodes: tree.size.inodes(of: size),
                    isZeroed: allowance.isSparse)
                plan.prepare += [
                    .makeBaseFileSystem(path, draft),
                    .fillBase(image.path, tree.format, to: path, draft.type),
                ]
            } else {
                plan.prepare.append(.writeImage(image.path, to: path, allowance))
            }
            plan.prepare.append(.protectBase(path))
            plan.prepare += state.hooks.steps(.newBaseAdded, group: names.group, base: path.name)
            plan.commit = [.sealBase(path, isUpdate: isUpdate)]
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
        switch image.content {
        case .unknown: throw .noFileSystem(image: image.path)
        case .tree(let tree):
            let type = fileSystem ?? tree.type
            guard let size else { return max(tree.size.recommended, tree.size.minimum(type)) }
            // More than that the files do not get, should there be no holes.
            let needed = tree.size.minimum(type, mayBeHoles: true)
            guard size >= needed else {
                throw .tooSmall(what: "a file system for these files", size: size, needed: needed)
            }
            return size
        case .fileSystem(let signature):
            if let fileSystem, fileSystem != signature.type {
                throw .otherFileSystem(image: image.path, is: signature.type.rawValue)
            }
            if let length = image.length, length < signature.size {
                throw .imageCutShort(image: length, fileSystem: signature.size)
            }
            if signature.isDamaged { throw .damagedImage(image: image.path) }
            // The base is always read without its journal, and the layers on it with it.
            if signature.hasPendingJournal { throw .pendingJournal(image: image.path) }
            // What comes after the file system, where its length is not known, is found while it is read.
            let needed = image.length ?? signature.size
            let size = size ?? needed
            guard size >= needed else { throw .imageLarger(image: needed, size: size) }
            return size
        }
    }

    /// Throws unless `pool` has room for what a volume of `size` gets.
    private func checkSpace(_ pool: Volume, _ size: Bytes) throws(HostReason) {
        guard let room = pool.room, let chunkSize = pool.usage?.chunkSize else { return }
        guard case .tree(let tree) = image.content else {
            if let allocated = image.allocated { try room.check(allocated.roundedUp(to: chunkSize)) }
            return
        }
        do throws(HostReason) {
            // Whatever the files have, their file system ends with the volume.
            try room.check(min(tree.size.allocated, size).roundedUp(to: chunkSize))
        } catch .poolShort(let path, let missing, let what) {
            guard self.size == nil, tree.size.large > 0, let file = tree.largest else {
                throw .poolShort(path, missing: missing, of: what)
            }
            throw .poolShortOrHoles(path, missing: missing, of: what, file: file)
        }
    }
}

/// A file system that is to be made.
public struct FileSystemDraft: Hashable, Sendable {
    /// Its type.
    public var type: FileSystemType
    /// Its UUID.
    public var uuid: String
    /// How many inodes ext4 gets; `nil` for as many as usual.
    public var inodes: UInt64?
    /// Whether what was never written on its volume reads as zeros.
    public var isZeroed: Bool

    /// A file system of these parts.
    public init(type: FileSystemType, uuid: String, inodes: UInt64? = nil, isZeroed: Bool) {
        self.type = type
        self.uuid = uuid
        self.inodes = inodes
        self.isZeroed = isZeroed
    }

    /// What makes it on `device`.
    func command(_ device: String) -> Command {
        switch type {
        case .ext4:
            // Nothing of it is left to be initialised later, by layers.
            let features = isZeroed ? "assume_storage_prezeroed=1" : "lazy_itable_init=0,lazy_journal_init=0"
            return Command(
                .mkfsExt4,
                ["-q", "-F", "-b", String(TreeSize.blockSize), "-U", uuid, "-E", features]
                    + (inodes.map { ["-N", String($0)] } ?? []) + [device])
        case .xfs: return Command(.mkfsXFS, ["-q", "-f", "-m", "uuid=" + uuid, device])
        }
    }
}

extension Volume {
    /// How much a pool is given at most before it counts as full; `nil` where it does not say how full it is.
    public var room: PoolRoom? {
        guard let (bytes, limit) = usage?.room(of: size) else { return nil }
        return PoolRoom(pool: path, bytes: bytes, limit: limit)
    }
}

extension PoolUsage {
    /// How much a pool of `size` is given at most before it counts as full, and whether its data or its metadata sets that
    /// limit.
    ///
    /// A pool that runs full stops every volume in it, the booted layer among them, so what is left stays.
    public func room(of size: Bytes) -> (bytes: Bytes, limit: String) {
        func free(_ size: Bytes, _ used: Double) -> UInt64 {
            UInt64(max(0, Double(size.count) * (BasePlanner.fullPercent - used) / 100))
        }
        let free = (data: free(size, data), metadata: free(metadataSize, metadata))
        // A mapping takes 16 bytes in a leaf of a tree that can be half empty, and blocks are copied on write.
        let chunks = (free.metadata - min(free.metadata, 256 << 10)) / 48
        let mapped = chunks.multipliedReportingOverflow(by: chunkSize.count)
        return mapped.overflow || free.data <= mapped.partialValue
            ? (Bytes(free.data), "data") : (Bytes(mapped.partialValue), "data, for want of metadata")
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

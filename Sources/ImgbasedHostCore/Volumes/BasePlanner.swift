public import ImgbasedCore

/// `imgbase base add`: makes a base from an image.
public struct BasePlanner: Sendable {
    /// The name of the base; `nil` means the next `Base-N`.
    public var name: String?
    /// The size of the volume; `nil` means the size of the image, or the size its files need.
    public var size: Bytes?
    /// The image of the base.
    public var image: ImageDescription
    /// Whether the base is for an update, which continues when it is complete.
    public var isUpdate = false
    /// The type of the file system for an image of files; `nil` means that of the running root.
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

    /// The goal for messages: `cannot …`.
    var goal: String { name.map { "add base '\($0)'" } ?? "add a base" }

    /// The percentage from which a pool counts as full.
    static let fullPercent = 95.0

    /// The plan that makes the base, and the path of its volume.
    public func plan(_ state: HostState, names: HostNames) throws(HostRefusal) -> (Plan, VolumePath) {
        var plan = Plan(goal: goal)
        do throws(HostReason) {
            let pool = try state.pool(names)
            let group = try state.group(names.group)
            let name = try chooseName(state, names)
            plan.goal = "add base '\(name)'"
            let path = VolumePath(group: names.group, name: name.description)
            if case .tree(let tree) = image.content, let origin = tree.system?.origin {
                try state.checkFull(pool)
                plan.prepare = [
                    .createBaseSnapshot(path, of: origin),
                    .renewFileSystem(path, type: tree.type, uuid: tree.uuid),
                    .fillBase(image.path, tree.format, to: path, tree.type),
                ]
                complete(&plan, path, state)
                return (plan, path)
            }
            let size = try checkedSize().roundedUp(to: group.extentSize)
            try state.checkFull(pool)
            try checkSpace(pool, size)
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
            complete(&plan, path, state)
            return (plan, path)
        } catch {
            throw HostRefusal(plan.goal, error)
        }
    }

    /// Adds the steps that complete the base at `path` once its content is there.
    private func complete(_ plan: inout Plan, _ path: VolumePath, _ state: HostState) {
        plan.prepare.append(.protectBase(path))
        plan.prepare += state.hooks.steps(.newBaseAdded, group: path.group, base: path.name)
        plan.commit = [.sealBase(path, isUpdate: isUpdate)]
        plan.undo = [.removeVolume(path)]
    }

    private func chooseName(_ state: HostState, _ names: HostNames) throws(HostReason) -> BaseName {
        let taken = state.volumes.filter { $0.path.group == names.group }
        if let name {
            let parsed: BaseName
            do { parsed = try BaseName(name) } catch { throw HostReason.badName(name, error) }
            guard !taken.contains(where: { $0.name == name }) else { throw .exists(name) }
            return parsed
        }
        // A number stays taken while a layer of its base exists.
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
            // Without holes, the files need no more than this.
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
            // The base is always read without its journal, and so are its layers.
            if signature.hasPendingJournal { throw .pendingJournal(image: image.path) }
            // If the length is unknown, the read itself finds data behind the file system.
            let needed = image.length ?? signature.size
            let size = size ?? needed
            guard size >= needed else { throw .imageLarger(image: needed, size: size) }
            return size
        }
    }

    /// Throws unless `pool` has room for the contents of a volume of `size`.
    private func checkSpace(_ pool: Volume, _ size: Bytes) throws(HostReason) {
        guard let room = pool.room, let chunkSize = pool.usage?.chunkSize else { return }
        guard case .tree(let tree) = image.content else {
            if let allocated = image.allocated { try room.check(allocated.roundedUp(to: chunkSize)) }
            return
        }
        do throws(HostReason) {
            // However large the files are, their file system ends with the volume.
            try room.check(min(tree.size.allocated, size).roundedUp(to: chunkSize))
        } catch .poolShort(let path, let missing, let what) {
            guard self.size == nil, tree.size.large > 0, let file = tree.largest else {
                throw .poolShort(path, missing: missing, of: what)
            }
            throw .poolShortOrHoles(path, missing: missing, of: what, file: file)
        }
    }
}

/// A file system to be made.
public struct FileSystemDraft: Hashable, Sendable {
    /// Its type, ext4 or XFS.
    public var type: FileSystemType
    /// Its UUID, in text form.
    public var uuid: String
    /// The number of inodes for ext4; `nil` means the usual number.
    public var inodes: UInt64?
    /// Whether unwritten parts of the volume read as zeros.
    public var isZeroed: Bool

    /// A file system with these values.
    public init(type: FileSystemType, uuid: String, inodes: UInt64? = nil, isZeroed: Bool) {
        self.type = type
        self.uuid = uuid
        self.inodes = inodes
        self.isZeroed = isZeroed
    }

    /// The command that makes it on `device`.
    func command(_ device: String) -> Command {
        switch type {
        case .ext4:
            // Initialise everything now, so that layers do not do it later.
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
    /// The room of a pool until it counts as full; `nil` if its usage is unknown.
    public var room: PoolRoom? {
        guard let (bytes, limit) = usage?.room(of: size) else { return nil }
        return PoolRoom(pool: path, bytes: bytes, limit: limit)
    }
}

extension PoolUsage {
    /// The room of a pool of `size` until it counts as full, and the limit: its data or its metadata.
    ///
    /// A full pool stops all its volumes, including the booted layer, so the rest stays free.
    public func room(of size: Bytes) -> (bytes: Bytes, limit: String) {
        func free(_ size: Bytes, _ used: Double) -> UInt64 {
            UInt64(max(0, Double(size.count) * (BasePlanner.fullPercent - used) / 100))
        }
        let free = (data: free(size, data), metadata: free(metadataSize, metadata))
        // A mapping takes 16 bytes in a tree whose leaves may be half empty; blocks are copied on write.
        let chunks = (free.metadata - min(free.metadata, 256 << 10)) / 48
        let mapped = chunks.multipliedReportingOverflow(by: chunkSize.count)
        return mapped.overflow || free.data <= mapped.partialValue
            ? (Bytes(free.data), "data") : (Bytes(mapped.partialValue), "data, for want of metadata")
    }
}

extension HostState {
    /// Throws if a pool counts as full.
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

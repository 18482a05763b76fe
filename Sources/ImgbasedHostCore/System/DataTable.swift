import ImgbasedCore

/// The lines of the data volumes in the file-system table of a layer: exactly one for each attached volume,
/// and none for the others.
///
/// Options that an administrator gave a line stay. All other lines belong to the image and the administrator.
public struct DataTable: Hashable, Sendable {
    /// The attached volumes, in the order in which they are mounted.
    public var attached: [DataVolume]
    /// The volumes that no layer mounts, but for those of oVirt's imgbased.
    public var detached: [DataVolume]
    /// The pools that pass no discard on to their chunks, by name.
    private var deaf: Set<String>

    /// The lines for layers of `group` on the host in `state`.
    init(_ state: HostState, group: String) {
        var places: Set<DataPlace> = []
        attached = state.attachedVolumes(group).filter { places.insert($0.place).inserted }
        let paths = Set(attached.map(\.path))
        detached = state.dataVolumes(group).filter { $0.isOurs && !paths.contains($0.path) }
        deaf = Set(
            state.volumes.lazy.filter { $0.path.group == group && $0.ignoresDiscards }.map(\.name))
    }

    /// Whether no layer needs a line, or could have one too many.
    var isEmpty: Bool { attached.isEmpty && detached.isEmpty }

    /// The table in `contents` with these lines. Without a change, it is the same to the byte.
    public func applied(to contents: [UInt8]) -> [UInt8] {
        if isEmpty { return contents }
        var table = FSTab(contents)
        table.setBlock(attached.map { ($0, entry($0)) }) { entry in
            detached.contains { entry.target == $0.place.field && entry.names($0.path) }
        }
        return table.contents
    }

    /// The line for `data`.
    ///
    /// A host boots without the volume, so that it can be repaired (`nofail`), but everything after
    /// `local-fs.target` waits for the mount: a service must not begin on the empty directory below it.
    func entry(_ data: DataVolume) -> FSTab.Entry {
        let discard = data.volume.pool.map(deaf.contains) == true ? "" : ",discard"
        return FSTab.Entry(
            source: data.path.device, target: data.place.field, type: "auto",
            options: "defaults,nofail,x-systemd.before=local-fs.target" + discard, rest: ["0", "2"])
    }
}

extension FSTab {
    /// Makes the lines for `wanted` one block, in that order, and removes the lines that `isDropped`.
    ///
    /// A line that mounts the volume at its place stays as it is; others at that place go. The block is after
    /// the lines of directories above, and before those of directories in its places.
    fileprivate mutating func setBlock(
        _ wanted: [(data: DataVolume, line: Entry)], _ isDropped: (Entry) -> Bool
    ) {
        var kept: [DataPlace: [UInt8]] = [:]
        var rest: [[UInt8]] = []
        var place: Int?
        for line in lines {
            guard let entry = FSTab.parse(line) else {
                rest.append(line)
                continue
            }
            if let known = wanted.first(where: { $0.line.target == entry.target }) {
                if entry.names(known.data.path) { kept[known.data.place] = line }
                place = place ?? rest.count
            } else if !isDropped(entry) {
                rest.append(line)
            }
        }
        let block = wanted.map { kept[$0.data.place] ?? Array($0.line.line.utf8) }
        func first(_ isMeant: (TreePath, TreePath) -> Bool, last: Bool) -> Int? {
            func matches(_ line: [UInt8]) -> Bool {
                guard let target = FSTab.parse(line).flatMap({ TreePath(parsing: $0.target) }) else {
                    return false
                }
                return wanted.contains { isMeant(target, $0.data.place.path) }
            }
            return last ? rest.lastIndex(where: matches) : rest.firstIndex(where: matches)
        }
        let inner = first({ target, own in own.covers(target) }, last: false) ?? rest.count
        let outer = first({ target, own in target.covers(own) }, last: true).map { $0 + 1 } ?? 0
        rest.insert(contentsOf: block, at: max(outer, min(inner, place ?? rest.count)))
        if rest != lines { store(rest) }
    }
}

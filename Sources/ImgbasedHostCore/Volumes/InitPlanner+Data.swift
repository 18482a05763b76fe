import ImgbasedCore

extension InitPlanner {
    /// Adds the data volumes that do not exist yet.
    func addData(
        _ state: HostState, _ names: HostNames, extent: Bytes, to plan: inout Plan
    ) throws(HostReason) {
        var after = state
        var seen: Set<DataPlace> = []
        for request in volumes.sorted(by: { $0.place < $1.place }) {
            let place = request.place
            try place.check()
            guard seen.insert(place).inserted else { throw .data(.twice(place)) }
            guard request.size >= DataPlanner.leastSize else {
                throw .tooSmall(what: "a volume", size: request.size, needed: DataPlanner.leastSize)
            }
            if state.attachedVolumes(names.group).contains(where: { $0.place == place }) { continue }
            if let other = state.dataVolumes(names.group).first(where: { $0.place == place }) {
                throw .data(.taken(place, by: other.path))
            }
            if !Layout(state.volumes, group: names.group).layers.isEmpty { throw .data(.hasLayers) }
            // What an interrupted run has begun is made anew.
            for begun in state.volumes
            where begun.path.group == names.group && begun.isBuilding && begun.place == place {
                plan.prepare.append(.removeVolume(begun.path))
                after.volumes.removeAll { $0.path == begun.path }
            }
            let path = VolumePath(group: names.group, name: place.freeName(in: after, names.group))
            after.volumes.append(Volume(path: path, size: request.size, segmentType: "thin"))
            // A pool of ours zeroes its chunks.
            let isZeroed = state.volume(names.poolPath).map { $0.usage?.zeroes ?? false } ?? true
            let draft = FileSystemDraft(type: .ext4, uuid: request.uuid, isZeroed: isZeroed)
            plan.prepare += [
                .createDataVolume(
                    path, pool: names.pool, size: request.size.roundedUp(to: extent), place),
                .makeDataFileSystem(path, draft), .attachFreshVolume(path),
            ]
        }
    }
}

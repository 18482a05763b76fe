@testable import ImgbasedCore
@testable import ImgbasedHostCore

extension FakeMachine {
    /// `imgbase volume`
    mutating func change(_ change: DataPlanner.Change, at place: DataPlace) throws {
        try run(.volume(DataPlanner(change, at: place, uuid: "data-uuid")))
    }

    /// Performs a step with data volumes.
    mutating func perform(data step: Step) {
        switch step {
        case .createDataVolume(let path, let pool, let size, let place):
            add(path, size, "thin", pool: pool, uses: 0)
            update(path) { $0.tags.formUnion([Tag.dataVolume, Tag.pathPrefix + place.tag]) }
        case .makeDataFileSystem(let path, _): volumeFiles[path] = []
        case .coverPlace(let move):
            if move.copies { volumeFiles[move.volume] = files(move.place) }
            mounted[move.place] = move.volume
            covered.insert(move.place)
        case .uncoverPlace(let place, let path):
            if mounted[place] == path { mounted[place] = nil }
            covered.remove(place)
        case .openPlace(let place, _): covered.remove(place)
        case .sealDataVolume(let path, let layer):
            update(path) {
                $0.tags.remove(Tag.building)
                $0.tags.insert(Tag.movedPrefix + layer)
            }
        case .attachVolume(let path, let place, let dropped):
            update(path) {
                $0.tags.formUnion([Tag.dataVolume, Tag.pathPrefix + place.tag, Tag.attached])
                $0.tags.subtract(dropped)
            }
        case .attachFreshVolume(let path):
            update(path) {
                $0.tags.remove(Tag.building)
                $0.tags.formUnion([Tag.attached, Tag.fresh])
            }
        case .fillVolume(let fill): volumeFiles[fill.volume] = imageFiles[fill.place] ?? []
        case .recordFilled(let path): update(path) { $0.tags.remove(Tag.fresh) }
        case .detachVolume(let path, let dropped): update(path) { $0.tags.subtract(dropped) }
        default: break
        }
    }

    /// The files that programs see at `place`.
    func files(_ place: DataPlace) -> Set<Int> {
        if let volume = mounted[place] { return volumeFiles[volume] ?? [] }
        return state.booted.flatMap { layerFiles[$0]?[place] } ?? []
    }

    /// A program writes a file at `place`; whether it can.
    @discardableResult
    mutating func write(_ number: Int, at place: DataPlace) -> Bool {
        guard !covered.contains(place), let booted = state.booted else { return false }
        if let volume = mounted[place] {
            volumeFiles[volume, default: []].insert(number)
        } else {
            layerFiles[booted, default: [:]][place, default: []].insert(number)
        }
        return true
    }

    /// Starts the system again, with what its table mounts.
    mutating func restart() {
        (mounted, covered) = ([:], [])
        for volume in state.volumes where volume.segmentType == "thin" {
            for entry in FSTab(state.config.fstab).entries where entry.names(volume.path) {
                if let place = DataPlace(entry.target) { mounted[place] = volume.path }
            }
        }
    }

    func survey(_ place: DataPlace) -> PlaceSurvey {
        var survey = PlaceSurvey(.directory)
        survey.mountedVolume = mounted[place].flatMap { state.volume($0)?.path }
        survey.mounted = mounted[place]?.device
        survey.isReadOnly = covered.contains(place)
        survey.users = placeUsers
        return survey
    }

    var layerTables: LayerTables {
        var tables = LayerTables()
        for layer in Layout(state.volumes, group: "HostVG").layers where layer.path != state.booted {
            tables.read.append(
                GroupRename.Table(
                    layer: layer.path, type: .ext4, contents: contents[layer.path]?.fstab ?? []))
        }
        return tables
    }
}

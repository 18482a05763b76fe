import ImgbasedCore

extension Step {
    /// The actions of a step with data volumes.
    var dataActions: [Action] {
        switch self {
        case .createDataVolume(let path, let pool, let size, let place):
            [
                .run(
                    Command(
                        .lvcreate,
                        [
                            "--yes", "--type", "thin", "--virtualsize", size.lvmArgument, "--thinpool", pool,
                            "--name", path.name, "--addtag", Tag.building, "--addtag", Tag.dataVolume,
                            "--addtag", Tag.pathPrefix + place.tag, path.group,
                        ]))
            ]
        case .makeDataFileSystem(let path, let draft):
            [.run(draft.command(path.device)), .flushDevice(path.device)]
        case .coverPlace(let move): [.coverPlace(move), .flushDevice(move.volume.device)]
        case .uncoverPlace(let place, let path): [.uncoverPlace(place, device: path.device)]
        case .openPlace(let place, let path):
            // With a device, mount(8) takes no options from the table. Only those of this mount change.
            [.run(Command(.mount, ["-o", "remount,bind,rw", path.device, place.text]))]
        case .sealDataVolume(let path, let layer):
            [
                .run(
                    Command(
                        .lvchange,
                        Step.retag(path, add: [Tag.movedPrefix + layer], remove: [Tag.building])))
            ]
        case .attachVolume(let path, let place, let dropped):
            [
                .run(
                    Command(
                        .lvchange,
                        Step.retag(
                            path, add: [Tag.dataVolume, Tag.pathPrefix + place.tag, Tag.attached],
                            remove: dropped)))
            ]
        case .attachFreshVolume(let path):
            [
                .run(
                    Command(
                        .lvchange,
                        Step.retag(path, add: [Tag.attached, Tag.fresh], remove: [Tag.building])))
            ]
        case .fillVolume(let fill): [.fillVolume(fill), .flushDevice(fill.volume.device)]
        case .recordFilled(let path):
            [.run(Command(.lvchange, Step.retag(path, add: [], remove: [Tag.fresh])))]
        case .detachVolume(let path, let dropped):
            [.run(Command(.lvchange, Step.retag(path, add: [], remove: dropped)))]
        case .reloadUnits: [.run(Command(.systemctl, ["daemon-reload"]))]
        default: []
        }
    }
}

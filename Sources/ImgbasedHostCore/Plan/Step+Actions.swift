import ImgbasedCore

extension Step {
    /// The actions of the step, in order.
    ///
    /// `image` holds the facts from an earlier `writeImage`; without it, the actions are only for show.
    public func actions(image: ImageFacts = .unknown) -> [Action] {
        switch self {
        case .clearPhysicalVolume(let disk):
            // pvcreate refuses such a disk, even with -ff.
            [.run(Command(.wipefs, ["--all", disk]))]
        case .createPhysicalVolume(let disk):
            // No --yes: if data has appeared on the disk, pvcreate asks, reads end of file, and stops. With
            // two areas, one is whole while lvm2 writes the other.
            [.run(Command(.pvcreate, ["--metadatacopies", "2", disk])), .flushDevice(disk)]
        case .createGroup(let name, let disks):
            // Flushed metadata survives if a power cut tears a later write.
            [.run(Command(.vgcreate, ["--addtag", Tag.volumeGroup, name] + disks))]
                + disks.map { .flushDevice($0) }
        case .adoptGroup(let name):
            [.run(Command(.vgchange, ["--addtag", Tag.volumeGroup, name]))]
        case .createPool(let path, let size, let metadataSize):
            [
                .run(
                    Command(
                        .lvcreate,
                        [
                            "--yes", "--type", "thin-pool", "--size", size.lvmArgument, "--poolmetadatasize",
                            metadataSize.lvmArgument, "--zero", "y", "--name", path.name, "--addtag",
                            Tag.building, path.group,
                        ]))
            ]
        case .sealPool(let path):
            [.run(Command(.lvchange, Step.retag(path, add: [Tag.pool], remove: [Tag.building])))]
        case .createVolume(let path, let size):
            [
                .run(
                    Command(
                        .lvcreate,
                        [
                            "--yes", "--type", "linear", "--size", size.lvmArgument, "--name", path.name,
                            "--addtag", Tag.building, path.group,
                        ]))
            ]
        case .makeFileSystem(let path, let label, let uuid):
            [
                .run(Command(.mkfsExt4, ["-q", "-F", "-L", label, "-U", uuid, path.device])),
                .flushDevice(path.device),
            ]
        case .sealVolume(let path):
            [.run(Command(.lvchange, Step.retag(path, add: [], remove: [Tag.building])))]
        case .makeDirectory(let path):
            [.makeDirectory(path)]
        case .replaceFile(let path, let contents, let isOnBoot):
            isOnBoot
                ? [.replaceBootFile(path: path, contents: contents)]
                : [.replaceFile(path: path, contents: contents)]
        case .link(let path, let target): [.link(path: path, target: target)]
        case .removeFile(let path):
            path.hasPrefix(BootState.mountPoint + "/") ? [.removeBootFile(path)] : [.removeFile(path)]
        case .checkScript(let name, let text):
            [
                .write(path: "/run/imgbased/\(name)", text: text),
                .run(Command(.grubScriptCheck, ["/run/imgbased/\(name)"])),
                .removeFile("/run/imgbased/\(name)"),
            ]
        case .repairFileSystem(let path):
            // If a power cut tore the superblock, e2fsck takes a copy only with -y.
            [.run(Command(.e2fsck, ["-y", path.device], successes: [0, 1]))]
        case .mount(let path):
            [.run(Command(.mount, [path]))]
        case .createBase, .createBaseSnapshot, .writeImage, .makeBaseFileSystem, .fillBase, .protectBase,
            .sealBase,
            .completeUpdate:
            baseActions(image)
        case .createLayer, .renewFileSystem, .makeLayerDirectory, .replaceLayerFile, .carry, .reviewCarry,
            .sealLayer,
            .listLayer, .recordCarry, .recordLeft, .acknowledgeLeft:
            layerActions
        case .carryPackages, .keepArchive, .installArchives, .installFromRepositories, .recordPackages:
            packageActions
        case .installBootFiles(let files, let source, let directory):
            [.copyBootFiles(files, from: source, directory: directory), .flushBoot(directory)]
        case .bootOnce(let name): [.run(Command(.bootctl, ["set-oneshot", name]))]
        case .removeBootFiles(let digests, let directory):
            [.removeBootFiles(digests, directory: directory)]
        case .recordBoot(_, let path, let environment):
            [.replaceBootFile(path: path, contents: environment)]
        case .repairGroup(let repair): repair.actions
        case .activateVolume(let path):
            // A general activation skips bases.
            [.run(Command(.lvchange, ["--activate", "y", "--ignoreactivationskip", path.description]))]
        case .deactivateVolume(let path):
            [.run(Command(.lvchange, ["--activate", "n", path.description]))]
        case .runHooks(let run):
            [.runHooks(run)] + (run.tree.map { [.flushDevice($0.volume.device)] } ?? [])
        case .pin(let path):
            [.run(Command(.lvchange, Step.retag(path, add: [Tag.pinned], remove: [])))]
        case .unpin(let path):
            [.run(Command(.lvchange, Step.retag(path, add: [], remove: [Tag.pinned])))]
        case .beginRemoval(let path):
            [.run(Command(.lvchange, Step.retag(path, add: [Tag.removing], remove: [])))]
        case .cancelRemoval(let path):
            [.run(Command(.lvchange, Step.retag(path, add: [], remove: [Tag.removing])))]
        case .removeEntry(let path):
            [.removeBootFile(path)]
        case .removeVolume(let path):
            [.run(Command(.lvremove, ["--yes", path.description]))]
        case .tell(let messages, let motd):
            (motd.map { [.write(path: RecordedStatus.path, text: $0.map { $0 + "\n" }.joined())] } ?? [])
                + messages.map { .tellJournal($0) }
        case .deactivateGroup, .clearDisk, .partition, .makeBootFileSystem, .makeESP, .mountDevice,
            .unmountDevice, .setUpLayer, .installGRUB, .installSystemdBoot, .declareInstalled:
            installActions
        case .settleConflict(let path, let takesNew): [.settleConflict(path, takesNew: takesNew)]
        case .startUnit(let name):
            [.run(Command(.systemctl, ["--no-block", "start", name]))]
        case .createDataVolume, .makeDataFileSystem, .coverPlace, .uncoverPlace, .openPlace,
            .sealDataVolume, .attachVolume, .detachVolume, .reloadUnits,
            .attachFreshVolume, .fillVolume, .recordFilled:
            dataActions
        case .restart:
            [.run(Command(.systemctl, ["--no-block", "reboot"]))]
        }
    }

    private func baseActions(_ image: ImageFacts) -> [Action] {
        switch self {
        case .createBase(let path, let pool, let size):
            [
                .run(
                    Command(
                        .lvcreate,
                        [
                            "--yes", "--type", "thin", "--virtualsize", size.lvmArgument, "--thinpool", pool,
                            "--name", path.name, "--addtag", Tag.building, path.group,
                        ]))
            ]
        case .createBaseSnapshot(let path, let origin):
            // No boot activates it before it is complete: until then it has the root's UUID.
            [
                .run(
                    Command(
                        .lvcreate,
                        [
                            "--yes", "--snapshot", "--setactivationskip", "y", "--ignoreactivationskip",
                            "--activate", "y", "--permission", "rw", "--name", path.name, "--addtag",
                            Tag.building, origin.description,
                        ]))
            ]
        case .writeImage(let image, let path, let allowance):
            [.writeImage(image, device: path.device, allowance)]
        case .makeBaseFileSystem(let path, let draft):
            [.run(draft.command(path.device)), .flushDevice(path.device)]
        case .fillBase(let image, _, let path, let type):
            [.fillFileSystem(image, device: path.device, type: type)]
        case .protectBase(let path):
            [.run(Command(.lvchange, ["--permission", "r", path.description]))]
        case .sealBase(let path, let isUpdate):
            // Deactivated first, so that nothing holds it open when it is declared complete. One metadata
            // change does the rest. lvm2 refuses to make a volume read-only twice.
            [
                .run(Command(.lvchange, ["--activate", "n", path.description])),
                .run(
                    Command(
                        .lvchange,
                        ["--setactivationskip", "y"]
                            + Step.retag(
                                path,
                                add: [
                                    Tag.base, Tag.digestPrefix + image.digest,
                                    Tag.lengthPrefix + image.length,
                                ] + (isUpdate ? [Tag.updating] : []), remove: [Tag.building]))),
            ]
        case .completeUpdate(let path):
            [.run(Command(.lvchange, Step.retag(path, add: [], remove: [Tag.updating])))]
        default: []
        }
    }

    private var layerActions: [Action] {
        switch self {
        case .createLayer(let path, let source):
            [
                .run(
                    Command(
                        .lvcreate,
                        [
                            "--yes", "--snapshot", "--setactivationskip", "n", "--permission", "rw", "--name",
                            path.name, "--addtag", Tag.building, source.description,
                        ]))
            ]
        case .renewFileSystem(let path, .ext4, let uuid):
            [
                // A snapshot of a mounted layer has a journal to replay, and tune2fs wants a fresh check.
                .run(Command(.e2fsck, ["-f", "-y", path.device], successes: [0, 1])),
                .run(Command(.tune2fs, ["-U", uuid, path.device])),
                .run(Command(.resize2fs, [path.device])),
                .flushDevice(path.device),
            ]
        case .renewFileSystem(let path, .xfs, let uuid):
            [
                .settleFileSystem(device: path.device, type: .xfs),
                .run(Command(.xfsAdmin, ["-U", uuid, path.device])),
                .flushDevice(path.device),
            ]
        case .makeLayerDirectory(let path, let type, let directory):
            [.makeDirectoryOn(device: path.device, type: type, path: directory), .flushDevice(path.device)]
        case .replaceLayerFile(let path, let type, let file, let contents):
            [
                .replaceFileOn(device: path.device, type: type, path: file, contents: contents),
                .flushDevice(path.device),
            ]
        case .carry(let order): [.carry(order), .flushDevice(order.to.device)]
        case .reviewCarry(let order, let isLate):
            [.reviewCarry(order, isLate: isLate), .flushDevice(order.to.device)]
        case .sealLayer(let path, let base, let from):
            [
                .run(
                    Command(
                        .lvchange,
                        Step.retag(
                            path,
                            add: [Tag.layer, Tag.originPrefix + base, Tag.unlisted]
                                + (from.map { [Tag.carriedPrefix + $0] } ?? []),
                            remove: [Tag.building])))
            ]
        case .recordCarry(let path, let from, let progress):
            [.run(Command(.lvchange, progress.retag(path, Tag.carriedPrefix + from)))]
        case .recordLeft(let path):
            [.run(Command(.lvchange, Step.retag(path, add: [Tag.left], remove: [])))]
        case .acknowledgeLeft(let path):
            [.run(Command(.lvchange, Step.retag(path, add: [], remove: [Tag.left])))]
        case .listLayer(let path):
            [.run(Command(.lvchange, Step.retag(path, add: [], remove: [Tag.unlisted])))]
        default: []
        }
    }

    static func retag(_ path: VolumePath, add: [String], remove: [String]) -> [String] {
        add.flatMap { ["--addtag", $0] } + remove.flatMap { ["--deltag", $0] } + [path.description]
    }
}

extension CarryProgress {
    fileprivate func retag(_ path: VolumePath, _ carried: String) -> [String] {
        switch self {
        case .open: Step.retag(path, add: [], remove: [Tag.settled])
        case .settled: Step.retag(path, add: [Tag.settled], remove: [])
        case .over: Step.retag(path, add: [], remove: [carried, Tag.settled])
        }
    }
}

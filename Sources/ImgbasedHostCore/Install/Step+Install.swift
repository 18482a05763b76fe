import ImgbasedCore

extension Action {
    /// The tool that the action runs; `nil` if none.
    var tool: Tool? {
        if case .run(let command) = self { command.tool } else { nil }
    }
}

extension Step {
    /// The actions of the steps of an installation.
    var installActions: [Action] {
        switch self {
        case .deactivateGroup(let group):
            [.run(Command(.vgchange, ["--activate", "n", group]))]
        case .clearDisk(let disk, let parts):
            // The partitions first: signatures in them would come back with a partition in the same place.
            (parts + [disk]).map { .run(Command(.wipefs, ["--all", $0])) } + [.flushDevice(disk)]
        case .partition(let table):
            // The places of the new partitions may hold signatures of anything that was there before.
            [
                .run(
                    Command(
                        .sfdisk, ["--quiet", "--wipe", "always", "--wipe-partitions", "always", table.disk],
                        input: table.script)),
                .flushDevice(table.disk),
                .run(Command(.udevadm, ["settle", "--timeout=60"])),
            ]
        case .makeBootFileSystem(let device, let uuid):
            // GRUB before 2.12 does not know the feature.
            [
                .run(
                    Command(
                        .mkfsExt4,
                        ["-q", "-F", "-O", "^metadata_csum_seed", "-L", "boot", "-U", uuid, device])),
                .flushDevice(device),
            ]
        case .makeESP(let device, let id, let window):
            [
                .run(
                    Command(
                        .mkfsVFAT,
                        ["-F", "32", "-n", "ESP", "-i", id]
                            + (window.map { ["--offset", "\($0.offset.count / $0.sectorSize.count)"] } ?? [])
                            + [device] + (window.map { ["\($0.size.count >> 10)"] } ?? []))),
                .flushDevice(device),
            ]
        case .mountDevice(let device, let type, let path, let window):
            (path == BootState.mountPoint ? [] : [.makeDirectory(path)]) + [
                .run(
                    Command(
                        .mount,
                        ["-t", type] + (window.map { ["-o", $0.mountOptions] } ?? []) + [device, path]))
            ]
        case .unmountDevice(let device, let path):
            [.flushBoot(path), .run(Command(.umount, [path])), .flushDevice(device)]
        case .setUpLayer(let setup): [.setUpLayer(setup), .flushDevice(setup.layer.device)]
        case .installGRUB(.bios, let disk):
            [
                .run(
                    Command(
                        .grubInstall,
                        ["--target=\(GRUBPlatform.bios.rawValue)", "--boot-directory=/boot", disk])),
                .flushDevice(disk),
            ]
        case .installGRUB(let platform, _):
            // The name that all firmware looks for needs no variable, and this machine's stay unchanged.
            [
                .run(
                    Command(
                        .grubInstall,
                        [
                            "--target=\(platform.rawValue)", "--boot-directory=/boot",
                            "--efi-directory=/boot/efi", "--removable", "--no-nvram",
                        ]))
            ]
        case .installSystemdBoot:
            // This machine's variables stay unchanged. bootctl looks for the ESP's type in the partition
            // table, where it does not show yet (systemd: docs/ENVIRONMENT.md).
            [
                .run(
                    Command(
                        .bootctl, ["install", "--no-variables", "--esp-path=\(BootState.mountPoint)"],
                        environment: ["SYSTEMD_RELAX_ESP_CHECKS": "1"]))
            ]
        case .declareInstalled(let disks, let partition):
            // This write makes the first disk boot, so everything else must leave the caches of all disks
            // before it, writes of lvm2 too.
            disks.map { .flushDevice($0) }
                + disks.prefix(1).flatMap { disk -> [Action] in
                    [
                        .run(
                            Command(
                                .sfdisk,
                                [
                                    "--quiet", "--no-reread", "--wipe", "never", "--wipe-partitions", "never",
                                    "-N", "1", disk,
                                ], input: partition.line + "\n")),
                        .flushDevice(disk),
                    ]
                }
        default: []
        }
    }
}

import Foundation

/// A machine that was started and saved once, from which tests continue without a boot.
///
/// Use it for tests of a running host, not of its boot.
public struct SavedMachine: Sendable {
    /// The description of the machine, also for a start after a power cut.
    private let machine: Machine
    private let directory: String

    /// The saved state of `machine` after a boot without a failure; made first if missing.
    ///
    /// All disks must be overlays.
    ///
    /// - Throws: `MachineError.guest` if a unit failed during the boot.
    public static func current(_ machine: Machine) throws -> SavedMachine {
        try BuildDirectory.locked {
            SavedMachine(machine: machine, directory: try artefact(machine).obtain())
        }
    }

    /// The saved machine with `disks` plugged in. Its writes are discarded.
    public func machine(name: String, disks: [Disk] = []) -> Machine {
        var result = machine
        let own = machine.disks.indices.map { Disk.overlay(of: SavedMachine.disk($0, in: directory)) }
        result.name = name
        result.disks = own + disks
        result.saved = Machine.Saved(file: SavedMachine.state(in: directory), diskCount: own.count)
        return result
    }

    /// The artefact with the saved state; its key includes the contents of the disks.
    ///
    /// A disk that was made again from the same inputs differs, and does not fit the saved memory.
    private static func artefact(_ machine: Machine) throws -> Artefact {
        let disks = try machine.disks.map { disk in
            guard case .overlay(let file) = disk else {
                throw MachineError.unexpected("a machine with \(disk) cannot be saved")
            }
            return file
        }
        let key = try Digest.of(
            Emulator.arguments(for: machine) + disks + disks.map(Digest.ofFile) + [
                "\(machine.boot)", "\(machine.firmware)",
                HostCommand.run("qemu-system-x86_64", "--version"),
            ])
        return Artefact(kind: "saved." + machine.name, key: key) { directory in
            var made = machine
            made.disks = try disks.enumerated().map { index, file in
                try DiskImage.createOverlay(SavedMachine.disk(index, in: directory), of: file)
                return .file(SavedMachine.disk(index, in: directory))
            }
            try made.run { vm in
                try vm.waitForGuest()
                try vm.check(
                    """
                    systemctl is-system-running --wait \
                        || { systemctl --failed; journalctl -b -o cat --no-pager -u 'imgbase-*'; false; }
                    """)
                try vm.save(to: SavedMachine.state(in: directory))
            }
        }
    }

    private static func disk(_ index: Int, in directory: String) -> String {
        "\(directory)/disk\(index).qcow2"
    }

    private static func state(in directory: String) -> String { directory + "/state.zst" }
}

extension Machine {
    /// The saved memory and devices of a machine, and the number of its disks.
    struct Saved: Hashable, Sendable {
        let file: String
        let diskCount: Int

        /// QEMU's arguments for resuming.
        var arguments: [String] { ["-incoming", "exec:zstd -dcq '\(file)'"] }
    }
}

extension VM {
    /// Saves memory and devices of the machine in the new `file`. The machine stays stopped.
    func save(to file: String) throws {
        let isWritten = try Descriptor.fifo(scratch + "/saved")
        // A running machine would write to memory meanwhile. Under emulation with several threads, an old
        // copy of such a page can be saved: the resumed kernel once had a broken list of timers.
        try execute("stop")
        try execute("migrate", ["uri": "exec:zstd -q -1 >'\(file)'; echo >'\(scratch)/saved'"])
        guard try !waitReadable([isWritten], emulator.deadline(within: .minutes(2))).isEmpty else {
            throw MachineError.timeout(
                waitingFor: "the machine to be saved", within: .minutes(2), seen: console.tail)
        }
        let status = try execute("query-migrate")["status"] as? String
        guard status == "completed" else {
            throw MachineError.unexpected("QEMU cannot save the machine: \(status ?? "no status")")
        }
    }

    /// Waits until a saved machine runs again, sets its clock, and plugs in the additional disks.
    func resume(_ saved: Machine.Saved) throws {
        try check("date --set @\(Date.now.timeIntervalSince1970)")
        for index in drives.indices.dropFirst(saved.diskCount) { try plug(index) }
        let added = drives.indices.dropFirst(saved.diskCount).map(Drive.device(at:))
        if !added.isEmpty { try check("udevadm wait --timeout=60 \(added.joined(separator: " "))") }
    }
}

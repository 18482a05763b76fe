import Foundation

/// A machine that was started once, and goes on from there, in a moment, wherever it is needed: for tests that are about what
/// happens on a host, not about how that came up.
public struct SavedMachine: Sendable {
    /// What it was made of, and how it starts when its power was away.
    private let machine: Machine
    private let directory: String

    /// The state of `machine`, whose disks must be overlays, after everything that it starts by itself has ended well; made
    /// first if there is none.
    ///
    /// - Throws: `MachineError.guest` if the system comes up with something that failed.
    public static func current(_ machine: Machine) throws -> SavedMachine {
        try BuildDirectory.locked {
            SavedMachine(machine: machine, directory: try artefact(machine).obtain())
        }
    }

    /// The machine as it was, with `disks` plugged into it besides; what it writes is thrown away.
    public func machine(name: String, disks: [Disk] = []) -> Machine {
        var result = machine
        let own = machine.disks.indices.map { Disk.overlay(of: SavedMachine.disk($0, in: directory)) }
        result.name = name
        result.disks = own + disks
        result.saved = Machine.Saved(file: SavedMachine.state(in: directory), diskCount: own.count)
        return result
    }

    /// A disk counts by what is on it: made anew from the same, it is another one, and what was in memory is not of that.
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
    /// What a machine had in memory and devices, and how many of its disks were in it.
    struct Saved: Hashable, Sendable {
        let file: String
        let diskCount: Int

        /// QEMU's arguments for going on from there.
        var arguments: [String] { ["-incoming", "exec:zstd -dcq '\(file)'"] }
    }
}

extension VM {
    /// Writes what the machine has in memory and devices to the new `file`. It does not run any more.
    func save(to file: String) throws {
        let isWritten = try Descriptor.fifo(scratch + "/saved")
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

    /// Waits until a machine that was saved runs again, sets its clock, and plugs in the disks it did not have.
    func resume(_ saved: Machine.Saved) throws {
        try check("date --set @\(Date.now.timeIntervalSince1970)")
        for index in drives.indices.dropFirst(saved.diskCount) { try plug(index) }
        let added = drives.indices.dropFirst(saved.diskCount).map(Drive.device(at:))
        if !added.isEmpty { try check("udevadm wait --timeout=60 \(added.joined(separator: " "))") }
    }
}

import Foundation
import TestMachine
import TestRandom

/// A recording, replayed up to a position.
struct Replay {
    let log: WriteLog
    private let recording: Recording
    private let directory: String
    private let state: DiskState
    private let judge: Judge
    private var position: Int

    /// The names of the partitions with /boot and the physical volume.
    private let boot: String
    private static let group = "4"

    /// Starts at the beginning of `recording`, with files in `directory`.
    init(_ recording: Recording, helper: String, in directory: String) throws {
        self.recording = recording
        // With systemd-boot, /boot is the ESP.
        boot = recording.loader == .grub ? "3" : "2"
        self.directory = directory
        log = try WriteLog(recording.log)
        // A block of the pool is 64 KiB, aligned to 64 KiB.
        state = try DiskState(
            of: recording.base, recording.partitions, in: directory, granules: [Replay.group: 128])
        // Skip the preparation of the host, which belongs to no command.
        position = recording.steps.first?.begin ?? 0
        for entry in log.entries[..<position] {
            try state.apply(entry, of: log)
            state.settle()
        }
        state.merged()
        judge = try Judge(
            of: state, loader: recording.loader, boot: boot, group: Replay.group, helper: helper,
            scratch: directory)
    }

    /// Removes the files.
    func remove() { try? FileManager.default.removeItem(atPath: directory) }

    /// Advances to the state after `end` entries of the log.
    mutating func advance(to end: Int) throws {
        for entry in log.entries[position..<max(position, end)] {
            try state.apply(entry, of: log)
            state.settle()
        }
        position = max(position, end)
    }

    /// Advances to the start of `step`, and judges the disk before and after the step.
    mutating func ends(of step: Recording.Step) throws -> (old: Judge.Finding, new: Judge.Finding) {
        try advance(to: step.begin)
        let old = try look(step)
        let point = state.point
        for entry in log.entries[step.begin..<step.settled] { try state.apply(entry, of: log) }
        let new = try look(step)
        try state.undo(to: point)
        return (old, new)
    }

    /// Judges the current state.
    func look(_ step: Recording.Step) throws -> Judge.Finding {
        try judge.look(
            at: state, layers: step.layers, comparesConfiguration: step.comparesConfiguration)
    }

    /// Calls `body` with `remnant` of the next changes applied, then undoes them.
    func with<Result>(_ remnant: Interval.Remnant, _ body: () throws -> Result) throws -> Result {
        let point = state.point
        for index in remnant.whole { try state.apply(log.entries[index], of: log) }
        if let torn = remnant.torn {
            try state.apply(log.entries[torn], of: log, only: remnant.sectors)
        }
        let result = try body()
        try state.undo(to: point)
        return result
    }

    /// Calls `body` with `damage` applied to the boot `start`, then undoes it.
    func with<Result>(
        _ damage: Damage, _ start: BootView.Start, _ body: () throws -> Result
    ) throws -> Result {
        let point = state.point
        try damage.apply(
            Damage.Target(
                state: state, boot: boot, group: Replay.group, start: start,
                plan: judge.plan(of: start, state), scratch: directory))
        let result = try body()
        try state.undo(to: point)
        return result
    }

    /// Writes the current disk to the new raw image `path`.
    func export(to path: String) throws {
        let parts = recording.partitions.parts
        let end = parts.last?.sectors.upperBound ?? 0
        let image = try RawFile(path, makingSize: end * WriteLog.sector)
        for part in parts {
            let file = try state.file(part.name)
            try file.copy(0..<file.size, to: image, at: part.sectors.lowerBound * WriteLog.sector)
        }
    }

    /// The possible results of a power cut in `interval`.
    func remnants(
        of interval: Interval, _ extent: Extent, using generator: inout SeededGenerator
    ) -> [Interval.Remnant] {
        // The superblock of ext4 has 1 KiB. No ext4 can be mounted if it is torn.
        let start = recording.partitions.parts.first { $0.name == boot }?.sectors.lowerBound ?? 0
        return interval.remnants(
            of: log.entries, exhaustive: extent.exhaustive, count: extent.drawn,
            atomic: [start + 2..<start + 4], using: &generator)
    }
}

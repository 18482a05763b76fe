import Foundation
public import TestMachine
import TestRandom

extension FlushProof {
    /// The name of the scenario.
    public static let layout = "layout"

    private static let group = "FlushVG"

    /// The command to record, for the disk `disk`.
    private static func command(_ disk: String) -> String {
        "imgbase --vg \(group) layout --init --size 128M --config-size 16M \(disk)"
    }

    /// A blank disk for `layout`, the second disk of a machine.
    public func blankDisk() throws -> Disk {
        let path = directory + "/blank.raw"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        if !FileManager.default.fileExists(atPath: path) { _ = try RawFile(path, makingSize: 300 << 20) }
        return .overlay(of: path)
    }

    /// Proves `imgbase layout --init` on the second disk of `host`, which is blank.
    ///
    /// A repeated command must take each state for an unfinished or a finished disk, never for a foreign one.
    public func runLayout(on host: Machine) throws -> [Tally] {
        let place = "\(directory)/\(FlushProof.layout)"
        let recording = try layoutRecording(on: host, in: place)
        let tool = BuildDirectory.project + "/build/imgbase"
        let digest = try HostCommand.run("sha256sum", tool).prefix(64)
        let journal = try Journal(
            place + "/journal", key: "\(recording.identifier) \(extent.description) \(digest)")
        let state = try DiskState(
            of: recording.base, recording.partitions, in: place + "/state", granules: [:])
        defer { try? FileManager.default.removeItem(atPath: place + "/state") }
        let log = try WriteLog(recording.log)
        let step = recording.steps[0]
        for entry in log.entries[..<step.begin] { try state.apply(entry, of: log) }
        state.merged()
        var verdicts: [UInt64: Verdict] = [:]
        func look() throws -> Verdict {
            let seen = try state.identity(of: Partitions.whole)
            if let known = verdicts[seen] { return known }
            let verdict = try FlushProof.verdict(of: state.file(Partitions.whole).path, tool)
            verdicts[seen] = verdict
            return verdict
        }
        var tally = Tally(scenario: FlushProof.layout, step: step.script)
        var generator = SeededGenerator(seed: extent.seed)
        for interval in Interval.all(of: log.entries, in: step.begin..<step.settled) {
            let remnants = interval.remnants(
                of: log.entries, exhaustive: extent.exhaustive, count: extent.drawn, using: &generator)
            let name = "0 \(interval.end)"
            var states = journal[name] ?? []
            if states.isEmpty {
                if extent.end?.hasPassed ?? false {
                    tally.isComplete = false
                    break
                }
                for remnant in remnants {
                    let point = state.point
                    for index in remnant.whole { try state.apply(log.entries[index], of: log) }
                    if let torn = remnant.torn {
                        try state.apply(log.entries[torn], of: log, only: remnant.sectors)
                    }
                    states.append(Journal.State(remnant: remnant, verdict: try look(), isBoundary: false))
                    try state.undo(to: point)
                }
            }
            for index in interval.changes { try state.apply(log.entries[index], of: log) }
            state.settle()
            if journal[name] == nil {
                states.append(Journal.State(remnant: nil, verdict: try look(), isBoundary: true))
                try journal.add(name, states)
            }
            for (index, state) in states.enumerated() {
                if case .third(let kind, _) = state.verdict, !tally.has(kind) {
                    report("  \(FlushProof.layout) \(name) \(index): \(state.verdict)")
                }
                tally.add(state)
            }
        }
        report(tally.description)
        return [tally]
    }

    /// The verdict on the disk `image` from a dry run of the command.
    ///
    /// lvm2 and all tools that inspect disks are real. The dry run changes nothing.
    private static func verdict(of image: String, _ tool: String) throws -> Verdict {
        let device = try HostCommand.run("losetup", "--find", "--show", image)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        defer { _ = try? HostCommand.run("losetup", "--detach", device) }
        let words = command(device).split(separator: " ").dropFirst().map(String.init)
        let (status, text) = try HostCommand.result([tool, "--dry"] + words, within: .minutes(2))
        if status == 0 {
            // Ignore steps for this host's directory and table, which are not on the disk.
            return ["pvcreate", "vgcreate", "lvcreate", "mkfs", "--deltag"].contains { text.contains($0) }
                ? .old : .new
        }
        // A real run of the command repairs this state itself.
        if text.contains("brings back") || text.contains("is brought back") { return .old }
        let last = text.split(separator: "\n").last.map { $0.replacing(device, with: "DISK") } ?? ""
        return .third(kind: String(last.prefix(160)), reason: text.replacing(device, with: "DISK"))
    }

    private func layoutRecording(on host: Machine, in place: String) throws -> Recording {
        let description = place + "/recording.json"
        let key = ["\(host.disks)", FlushProof.command("/dev/vdb")]
        if let data = FileManager.default.contents(atPath: description),
            let known = try? JSONDecoder().decode(Recording.Keyed.self, from: data), known.key == key
        {
            return known.recording
        }
        try? FileManager.default.removeItem(atPath: place)
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        var (machine, disk, log, base) = try host.recording(disk: 1, in: place)
        machine.name = "prove-layout"
        let step = try machine.run { vm in
            let flush = "sync; blockdev --flushbufs /dev/vdb"
            let begin = try vm.entriesRecorded(ofDisk: 1)
            try vm.check(FlushProof.command("/dev/vdb"), within: .minutes(5))
            let end = try vm.entriesRecorded(ofDisk: 1)
            try vm.check("umount /config; \(flush)")
            let settled = try vm.entriesRecorded(ofDisk: 1)
            try vm.stop()
            return Recording.Step(
                script: FlushProof.command("DISK"), comparesConfiguration: false, begin: begin, end: end,
                settled: settled, layers: [])
        }
        let recording = Recording(
            identifier: UUID().uuidString, loader: .grub, steps: [step], base: base, log: log,
            partitions: try Partitions(whole: base))
        try recording.verify(against: disk, in: place)
        try JSONEncoder().encode(Recording.Keyed(key: key, recording: recording))
            .write(to: URL(filePath: description))
        return recording
    }

    /// Repeats the command on `count` of the states, one by one, in the machine `host`.
    ///
    /// The repeated command must succeed, and a third run must find nothing to do.
    public func rerunLayout(on host: Machine, count: Int) throws -> [Rerun] {
        let place = "\(directory)/\(FlushProof.layout)"
        let recording = try layoutRecording(on: host, in: place)
        let tool = BuildDirectory.project + "/build/imgbase"
        let digest = try HostCommand.run("sha256sum", tool).prefix(64)
        let journal = try Journal(
            place + "/journal", key: "\(recording.identifier) \(extent.description) \(digest)")
        var generator = SeededGenerator(seed: extent.seed)
        let drawn = Array(journal.places.shuffled(using: &generator).prefix(count))
            .sorted { ($0.interval, $0.number) < ($1.interval, $1.number) }
        let tree = place + "/states"
        try? FileManager.default.removeItem(atPath: tree)
        try FileManager.default.createDirectory(atPath: tree, withIntermediateDirectories: true)
        let state = try DiskState(
            of: recording.base, recording.partitions, in: place + "/state", granules: [:])
        defer {
            for path in [tree, place + "/state", place + "/states.raw"] {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
        let log = try WriteLog(recording.log)
        var position = 0
        for (number, found) in drawn.enumerated() {
            let remnant = found.state.remnant
            let end = max(recording.steps[0].begin, remnant == nil ? found.interval : found.start)
            for entry in log.entries[position..<max(position, end)] { try state.apply(entry, of: log) }
            state.settle()
            position = max(position, end)
            for index in remnant?.whole ?? [] { try state.apply(log.entries[index], of: log) }
            if let torn = remnant?.torn {
                try state.apply(log.entries[torn], of: log, only: remnant?.sectors)
            }
            let file = try state.file(Partitions.whole).path
            try HostCommand.run("cp", "--sparse=always", file, "\(tree)/\(number)")
            try state.undo(to: 0)
        }
        let image = place + "/states.raw"
        _ = try RawFile(image, makingSize: 8 << 30)
        try HostCommand.run("mkfs.ext4", "-q", "-d", tree, image)
        var machine = host
        machine.name = "rerun-layout"
        machine.disks[1] = .overlay(of: image)
        let results: [(Int, GuestResult)] = try machine.run { vm in
            try vm.check("mount /dev/vdb /mnt")
            return try drawn.indices.map { number in
                let command = FlushProof.command("$disk")
                let result = try vm.run(
                    """
                    disk=$(losetup --find --show /mnt/\(number)) || exit 1
                    cp /etc/fstab /run/fstab
                    \(command) && imgbase --vg \(FlushProof.group) --dry layout --init && mountpoint -q /config
                    status=$?
                    umount /config; cp /run/fstab /etc/fstab
                    vgchange -q -an \(FlushProof.group)
                    losetup --detach "$disk"
                    exit $status
                    """, within: .minutes(5))
                return (number, result)
            }
        }
        return results.map { number, result in
            let found = drawn[number]
            let name = "\(FlushProof.layout) \(found.step) \(found.interval) \(found.number)"
            let isDone = !["vgcreate", "lvcreate", "mkfs"].contains { result.output.contains($0) }
            let failure =
                result.status == 0 && isDone ? nil : "\(result.status): \(result.output.suffix(600))"
            report("  again \(name): \(failure ?? "converges")")
            return Rerun(state: name, script: recording.steps[0].script, failure: failure)
        }
    }
}

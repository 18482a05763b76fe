import Foundation
import TestMachine

/// The recorded writes of a scenario.
struct Recording: Codable {
    /// A command of the scenario, by positions in the log.
    struct Step: Codable {
        let script: String
        /// Whether to compare /etc of the layer booted next.
        let comparesConfiguration: Bool
        /// The positions of the start and the end of the command, and of the flush after the end.
        let begin: Int
        let end: Int
        let settled: Int
        /// The layers present before or after the command.
        let layers: [String]
    }

    /// A random identifier, unique for each recording.
    let identifier: String
    let loader: Scenario.Loader
    let steps: [Step]
    /// The path of the initial disk, a raw image.
    let base: String
    /// The path of the log.
    let log: String
    let partitions: Partitions

    /// The recording of `scenario` in `directory`; made first if `host` has none.
    ///
    /// - Parameter host: a machine with the disk, running or not; its second disk has the image of a base.
    static func current(of scenario: Scenario, on host: Machine, in directory: String) throws -> Recording {
        let files = FileManager.default
        let key = try key(of: scenario, on: host)
        let place = "\(directory)/\(scenario.name)"
        let description = place + "/recording.json"
        if let data = files.contents(atPath: description),
            let known = try? JSONDecoder().decode(Keyed.self, from: data), known.key == key
        {
            return known.recording
        }
        try? files.removeItem(atPath: place)
        try files.createDirectory(atPath: place, withIntermediateDirectories: true)
        let recording = try make(scenario, host, in: place)
        try JSONEncoder().encode(Keyed(key: key, recording: recording))
            .write(to: URL(filePath: description))
        return recording
    }

    struct Keyed: Codable {
        let key: [String]
        let recording: Recording
    }

    private static func key(of scenario: Scenario, on host: Machine) throws -> [String] {
        ["\(host.disks)", scenario.preparation] + scenario.steps.map(\.title)
    }

    private static func make(_ scenario: Scenario, _ host: Machine, in place: String) throws -> Recording {
        var (machine, disk, log, base) = try host.recording(in: place)
        machine.name += "-" + scenario.name
        let raw = place + "/base.raw"
        try DiskImage.convert(base, toRaw: raw)
        let steps = try machine.run { vm in
            try vm.check(preparation + scenario.preparation + "\nsync", within: .minutes(5))
            var steps: [Step] = []
            var isOn = true
            var layers = try vm.check("imgbase layout --layers")
            for step in scenario.steps {
                if isOn { try vm.check(flush) }
                let begin = try vm.entriesRecorded()
                var comparesConfiguration = false
                switch step {
                case .run(let script): try vm.check(script, within: .minutes(20))
                case .shutDown(let script):
                    try vm.check(script, within: .minutes(20))
                    try vm.shutDown(within: .minutes(10))
                    comparesConfiguration = true
                    isOn = false
                case .start, .startAnother:
                    try vm.powerOn(.firstDisk)
                    if case .startAnother = step {
                        try vm.waitForGuest(after: "Restarting system", within: .minutes(12))
                    } else {
                        try vm.waitForGuest(within: .minutes(8))
                    }
                    _ = try vm.run("systemctl is-system-running --wait", within: .minutes(8))
                    isOn = true
                }
                let end = try vm.entriesRecorded()
                if isOn { try vm.check(flush) }
                let settled = try vm.entriesRecorded()
                let after = isOn ? try vm.check("imgbase layout --layers") : layers
                let names = Set((layers + "\n" + after).split(separator: "\n").map(String.init)).sorted()
                steps.append(
                    Step(
                        script: step.title, comparesConfiguration: comparesConfiguration, begin: begin,
                        end: end, settled: settled, layers: names))
                layers = after
            }
            if isOn { try vm.stop() }
            return steps
        }
        let recording = Recording(
            identifier: UUID().uuidString, loader: scenario.loader, steps: steps, base: raw, log: log,
            partitions: try Partitions(of: raw))
        try recording.verify(against: disk, in: place)
        return recording
    }

    /// The commands that prevent unrelated writes.
    private static let preparation = """
        set -e
        mkdir -p /run/systemd/journald.conf.d
        printf '[Journal]\\nStorage=volatile\\n' >/run/systemd/journald.conf.d/tests.conf
        systemctl restart systemd-journald
        mount -o remount,noatime /

        """

    /// The commands that write everything to its final place, including the content of /boot's journal.
    private static let flush =
        "sync; blockdev --flushbufs /dev/vda; fsfreeze --freeze /boot && fsfreeze --unfreeze /boot || true"

    /// Throws unless the base with all logged writes equals `disk`, byte by byte.
    func verify(against disk: String, in place: String) throws {
        let scratch = place + "/verification"
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let state = try DiskState(of: base, partitions, in: scratch, granules: [:])
        let log = try WriteLog(log)
        for entry in log.entries {
            try state.apply(entry, of: log)
            state.settle()
        }
        let raw = scratch + "/disk.raw"
        try DiskImage.convert(disk, toRaw: raw)
        let image = try RawFile(raw)
        for part in partitions.parts {
            let file = try state.file(part.name)
            let place = part.sectors.lowerBound * WriteLog.sector
            if let difference = try file.difference(0..<file.size, from: image, at: place) {
                throw MachineError.unexpected(
                    "the log replayed is not the disk: at byte \(difference) of partition \(part.name)")
            }
        }
    }
}

import Foundation
import TestMachine

/// Carries an administrator's many files to another base, compared with rsync.
///
/// Runs on the build host in a separate file system: first to a new layer, then again without changes.
struct CarryBench {
    let rounds: Int
    /// The number of files: 1 to 4 KiB each, a thousand in each directory.
    let files: Int

    /// A way to carry, run in a directory with `base`, `ours`, `new` and `to`.
    struct Way {
        /// The name in reports.
        let name: String
        let command: [String]

        /// All ways. Each flushes at the end, as is needed before a boot.
        static let all = [
            Way(
                name: "imgbase persist",
                command: [
                    BuildDirectory.project + "/build/imgbase", "persist", "--from-base", "base", "--from",
                    "ours",
                    "--to-base", "new", "--to", "to", "--json",
                ]),
            Way(
                name: "rsync -aHAXS, sync -f",
                command: ["/bin/sh", "-c", "rsync -aHAXS ours/etc/ to/etc/ && sync -f to"]),
        ]
    }

    /// Times in milliseconds.
    struct Measurement {
        /// The time of the carry to the new layer.
        var first: Double
        /// The time of the second carry, without changes.
        var again: Double
    }

    /// The measurements of each way, one for each round.
    func run() throws -> [[Measurement]] {
        let directory = NSTemporaryDirectory() + "imgbased-bench-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let image = directory + ".img"
        defer {
            _ = try? HostCommand.run("umount", directory)
            try? FileManager.default.removeItem(atPath: image)
            try? FileManager.default.removeItem(atPath: directory)
        }
        try HostCommand.run("truncate", "-s", "16G", image)
        try HostCommand.run("mkfs.ext4", "-q", "-i", "8192", image)
        try HostCommand.run("mount", "-o", "loop", image, directory)
        try makeTrees(in: directory)
        var results = Way.all.map { _ in [Measurement]() }
        // The first round warms caches and does not count.
        for round in 0...rounds {
            for (index, way) in Way.all.enumerated() {
                // Keep the results until the end: a file system can be slow to reuse recently freed inodes.
                try shell(
                    "[ ! -e to ] || mv to done-\(round)-\(index); cp -a new to; sync -f to", in: directory)
                let measurement = Measurement(
                    first: try time(way, in: directory), again: try time(way, in: directory))
                try check(way, in: directory)
                if round > 0 { results[index].append(measurement) }
            }
        }
        return results
    }

    private func makeTrees(in directory: String) throws {
        try shell(
            "mkdir -p base/etc new/etc ours/etc; for tree in base new ours; do echo x >$tree/etc/os-release; done",
            in: directory)
        for number in 0..<files {
            let parent = "\(directory)/ours/etc/d\(number / 1000)"
            if number.isMultiple(of: 1000) {
                try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            }
            let line = "value \(number) of a setting\n"
            let text = String(repeating: line, count: 1024 * (1 + number % 4) / line.utf8.count)
            try Data(text.utf8).write(to: URL(filePath: "\(parent)/file\(number).conf"))
        }
        try shell("sync -f ours", in: directory)
    }

    /// Throws unless the way carried all files.
    private func check(_ way: Way, in directory: String) throws {
        let count = try shell("find to/etc -name '*.conf' | wc -l", in: directory)
        guard Int(count.trimmingCharacters(in: .whitespacesAndNewlines)) == files else {
            throw BenchError(description: "'\(way.name)' did not carry all files: \(count)")
        }
    }

    private func time(_ way: Way, in directory: String) throws -> Double {
        let start = ContinuousClock.now
        try HostCommand.run(["/usr/bin/env", "-C", directory] + way.command, within: .minutes(10))
        let time = (ContinuousClock.now - start).components
        return Double(time.seconds) * 1000 + Double(time.attoseconds) / 1e15
    }

    @discardableResult
    private func shell(_ script: String, in directory: String) throws -> String {
        try HostCommand.run("/usr/bin/env", "-C", directory, "/bin/sh", "-ec", script, within: .minutes(10))
    }
}

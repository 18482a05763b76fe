import Foundation
import TestMachine

/// Finds what was changed outside all that is carried, compared with rsync.
///
/// The layer and the new layer are copies of the base's file system, block by block, as snapshots are: the files
/// that nobody changed have the inodes and times of the base.
struct RemainderBench {
    let rounds: Int
    /// The number of files: 1 to 4 KiB each, a thousand in each directory.
    let files: Int
    /// How many of them were changed.
    static let changed = 100

    /// The ways, run in a directory with `base`, `ours` and `to`.
    static let ways: [(name: String, command: [String])] = [
        (
            "imgbase persist",
            [
                BuildDirectory.project + "/build/imgbase", "persist", "--from-base", "base", "--from", "ours",
                "--to-base", "base", "--to", "to", "--json",
            ]
        ),
        ("rsync -n -aHAXS", ["rsync", "-n", "-aHAXS", "--itemize-changes", "ours/", "base/"]),
    ]

    /// Times in milliseconds of each way, one for each round.
    func run() throws -> [[Double]] {
        let directory = NSTemporaryDirectory() + "imgbased-bench-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer {
            for tree in ["base", "ours", "to"] { _ = try? HostCommand.run("umount", "\(directory)/\(tree)") }
            try? FileManager.default.removeItem(atPath: directory)
        }
        try shell(
            """
            mkdir base ours to
            truncate -s \(files / 100)M base.img
            mkfs.ext4 -q -i 4096 base.img
            mount -o loop base.img base
            mkdir -p base/etc base/var/lib/app
            echo x >base/etc/os-release
            python3 - \(files) <<'END'
            import os, sys
            for number in range(int(sys.argv[1])):
                place = 'base/var/lib/app/d%d' % (number // 1000)
                os.makedirs(place, exist_ok=True)
                with open('%s/file%d' % (place, number), 'w') as file:
                    file.write(('value %d\\n' % number) * (64 * (1 + number % 4)))
            END
            umount base
            for tree in ours to; do cp --sparse=always base.img $tree.img; mount -o loop $tree.img $tree; done
            mount -o loop,ro base.img base
            for number in $(seq 0 \(files / RemainderBench.changed) \(files - 1)); do
                echo changed >>ours/var/lib/app/d$((number / 1000))/file$number
            done
            sync -f ours
            """, in: directory)
        var results = RemainderBench.ways.map { _ in [Double]() }
        // The first round fills the caches and does not count.
        for round in 0...rounds {
            for (index, way) in RemainderBench.ways.enumerated() {
                let start = ContinuousClock.now
                let output = try HostCommand.run(
                    ["/usr/bin/env", "-C", directory] + way.command, within: .minutes(10))
                let time = (ContinuousClock.now - start).components
                guard output.contains(index == 0 ? "\"left\" : " : "file0") else {
                    throw BenchError(description: "'\(way.name)' did not find the changes: \(output)")
                }
                if round > 0 {
                    results[index].append(Double(time.seconds) * 1000 + Double(time.attoseconds) / 1e15)
                }
            }
        }
        return results
    }

    private func shell(_ script: String, in directory: String) throws {
        try HostCommand.run("/usr/bin/env", "-C", directory, "/bin/bash", "-ec", script, within: .minutes(10))
    }
}

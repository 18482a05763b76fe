import Foundation
import TestMachine

/// Writes an image from disk to a new thin volume in each way in turn, in one guest, with cold caches.
///
/// The guest has two processors, so the digest can be computed in parallel. The clock is the build host's.
struct ImageBench {
    let rounds: Int

    /// A way to write the image.
    struct Way {
        /// The name in reports.
        let name: String
        /// Commands that make the volume, write the image from `/dev/vdc` and flush it.
        let commands: String
        /// The volume to remove after each round.
        let volume: String

        private static let create = """
            lvcreate -q --yes --type thin --virtualsize $(blockdev --getsize64 /dev/vdc)b --thinpool ImagePool \\
                --name bench HostVG >/dev/null
            """
        private static let dd =
            create + "\ndd if=/dev/vdc of=/dev/HostVG/bench bs=1M conv=sparse,fsync status=none"

        static let all = [
            Way(
                name: "imgbase base --add, with its digest",
                commands: "imgbase base --add --name bench-1-1 /dev/vdc",
                volume: "bench-1-1"),
            Way(name: "dd conv=sparse, without one", commands: dd, volume: "bench"),
            Way(
                name: "dd conv=sparse, then sha256sum", commands: dd + "\nsha256sum /dev/vdc", volume: "bench"
            ),
            Way(
                name: "qemu-img convert, without one",
                commands: create + """

                    /run/tools/lib/ld-linux-x86-64.so.2 --library-path /run/tools/lib /run/tools/qemu-img convert -n \\
                        -f raw -O raw -S 64k /dev/vdc /dev/HostVG/bench
                    sync /dev/HostVG/bench
                    """, volume: "bench"),
        ]

        /// The ways to compare with ours, as indices in `all`.
        static let others = [1, 2, 3]
    }

    /// The times of each way in milliseconds, one for each round.
    func run() throws -> [[Double]] {
        let image = try RootImage.current()
        let tools = try makeTools()
        defer { try? FileManager.default.removeItem(atPath: tools.directory) }
        var machine = try image.machine(
            name: "bench-image",
            disks: [
                .overlay(of: InstalledDisk.current().disk), .readOnly(image.image), .readOnly(tools.image),
            ])
        machine.processors = 2
        return try machine.run { vm in
            try vm.waitForGuest(within: .minutes(10))
            try vm.check(
                """
                set -e
                vgchange -q -ay HostVG
                mkdir -p /run/tools
                mount -o ro /dev/vdd /run/tools
                """, within: .minutes(5))
            var results = Way.all.map { _ in [Double]() }
            for _ in 0..<rounds {
                for (index, way) in Way.all.enumerated() {
                    let output = try vm.check(
                        """
                        set -e
                        sync
                        echo 3 >/proc/sys/vm/drop_caches
                        start=$(date +%s%N)
                        {
                        \(way.commands)
                        } >/run/output 2>&1 || { cat /run/output; exit 1; }
                        end=$(date +%s%N)
                        lvremove -q --yes HostVG/\(way.volume) >/dev/null 2>&1
                        echo $((end - start))
                        """, within: .minutes(20))
                    guard let nanoseconds = Double(output.trimmingCharacters(in: .whitespacesAndNewlines))
                    else {
                        throw BenchError(description: "no time in '\(output)'")
                    }
                    results[index].append(nanoseconds / 1_000_000)
                }
            }
            return results
        }
    }

    /// The build host's qemu-img, from the guest's distribution, with its libraries.
    private func makeTools() throws -> (directory: String, image: String) {
        let directory = NSTemporaryDirectory() + "imgbased-bench-" + UUID().uuidString
        let files = directory + "/files"
        try FileManager.default.createDirectory(atPath: files + "/lib", withIntermediateDirectories: true)
        try HostCommand.run("cp", "/usr/bin/qemu-img", files)
        let libraries = try HostCommand.run("ldd", "/usr/bin/qemu-img").split(whereSeparator: \.isWhitespace)
            .filter { $0.hasPrefix("/") }.map(String.init)
        for library in libraries { try HostCommand.run("cp", "--dereference", library, files + "/lib") }
        let image = directory + "/tools.img"
        try HostCommand.run("mkfs.ext4", "-q", "-d", files, image, "128M")
        return (directory, image)
    }
}

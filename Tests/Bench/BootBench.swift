import Foundation
import TestMachine

/// Boots one layer with one kernel, by our initramfs and a stock one in turn, until the root is mounted.
///
/// Each instruction takes one nanosecond in the guests.
struct BootBench {
    let rounds: Int

    /// A kind of initramfs.
    struct Way {
        /// The name in reports.
        let name: String
        /// The dracut module that mounts the root.
        let module: String
        /// Whether systemd is the init, otherwise dracut's own script.
        let hasSystemd: Bool

        static let all = [
            Way(name: "imgbased, systemd", module: "imgbased", hasSystemd: true),
            Way(name: "dracut's lvm, systemd", module: "lvm", hasSystemd: true),
            Way(name: "imgbased, plain", module: "imgbased", hasSystemd: false),
            Way(name: "dracut's lvm, plain", module: "lvm", hasSystemd: false),
        ]

        /// The pairs to compare, as indices in `all`.
        static let pairs = [(ours: 0, other: 1), (ours: 2, other: 3)]
    }

    /// Times since the start of the kernel, in milliseconds.
    struct Measurement {
        /// The time at which the kernel started init.
        var kernel: Double
        /// The time at which the root was mounted.
        var mounted: Double
        /// The time from init to the mount of the root.
        var userSpace: Double { mounted - kernel }
    }

    /// The measurements of each way, one for each round.
    func run() throws -> [[Measurement]] {
        let directory = NSTemporaryDirectory() + "imgbased-bench-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let images = try makeImages(in: directory)
        var results = Way.all.map { _ in [Measurement]() }
        for _ in 0..<rounds {
            for (index, image) in images.enumerated() { results[index].append(try boot(image)) }
        }
        return results
    }

    // MARK: The initramfs

    /// Makes one initramfs for each way, equal except for the module that mounts the root.
    ///
    /// Each has every part of Debian's tree that a host may need for its root, including thin_check.
    private func makeImages(in directory: String) throws -> [String] {
        try RootTree.with { tree in
            let bench = "/usr/lib/dracut/modules.d/98imgbased-bench"
            try FileManager.default.copyItem(
                atPath: BuildDirectory.project + "/Tests/Bench/Guest/98imgbased-bench",
                toPath: tree.path + bench)
            return try Way.all.enumerated().map { index, way in
                try tree.makeInitramfs([
                    "--compress", "zstd -T0 -3", "--add", "imgbased-bench " + way.module,
                    "--omit", omitted(way).joined(separator: " "),
                ])
                let image = "\(directory)/\(index).img"
                try FileManager.default.moveItem(atPath: tree.path + "/boot/initrd.img", toPath: image)
                return image
            }
        }
    }

    private func omitted(_ way: Way) -> [String] {
        let others = ["crypt", "mdraid", "multipath", "dmraid", "lvmmerge", "lvmthinpool-monitor", "nvdimm"]
        let systemd = [
            "systemd", "systemd-initrd", "systemd-udevd", "systemd-journald", "systemd-sysctl",
            "systemd-modules-load", "systemd-tmpfiles", "systemd-sysusers", "systemd-ask-password",
            "dracut-systemd", "dbus", "dbus-daemon",
        ]
        return others + [way.module == "lvm" ? "imgbased" : "lvm"] + (way.hasSystemd ? [] : systemd)
    }

    // MARK: A boot

    private static let arguments = """
        root=/dev/HostVG/\(Contender.layer) rd.lvm.lv=HostVG/\(Contender.layer) \
        rd.imgbased.layer=\(Contender.layer) ro console=ttyS0,115200 quiet
        """

    private func boot(_ image: String) throws -> Measurement {
        var machine = try Machine(
            name: "bench-boot", disks: [.overlay(of: InstalledDisk.current().disk)],
            boot: .kernel(
                RootImage.current().kernel, initramfs: image, arguments: BootBench.arguments))
        machine.countsInstructions = true
        return try machine.run { vm in
            let mounted = try vm.expect("] imgbased-bench: the root is mounted", within: .minutes(10))
            let kernel = try vm.expect("] Run /init as init process", within: .minutes(2))
            return Measurement(kernel: try stamp(in: kernel), mounted: try stamp(in: mounted))
        }
    }

    /// The kernel's time stamp of the last line of `text`, in milliseconds.
    private func stamp(in text: String) throws -> Double {
        let stamp = text.split(separator: "[").last?.prefix { $0 != "]" } ?? ""
        guard let seconds = Double(stamp.trimmingCharacters(in: .whitespaces)) else {
            throw BenchError(description: "no time of the kernel's in '\(text)'")
        }
        return seconds * 1000
    }
}

import Foundation
import TestMachine

/// Activates and mounts one layer with each contender in turn, in one guest.
///
/// Each instruction takes one nanosecond, so the figures repeat. The kernel modules are loaded before, udev
/// does not run, and the layer is deactivated after each measurement.
struct ActivationBench {
    let rounds: Int

    struct Measurement {
        var milliseconds: Double
        var kibibytes: Double
    }

    /// The measurements of each contender, one for each round.
    func run() throws -> [[Measurement]] {
        let image = try RootImage.current()
        let disk = try InstalledDisk.current()
        let tools = try makeTools()
        defer { try? FileManager.default.removeItem(atPath: tools.directory) }
        var machine = try image.machine(
            name: "bench", disks: [.overlay(of: disk.disk), .readOnly(tools.image)])
        machine.countsInstructions = true

        return try machine.run { vm in
            try vm.waitForGuest(within: .minutes(10))
            try vm.check(preparation, within: .minutes(5))
            let plan = try vm.check(
                "/usr/lib/imgbased/imgbase-initrd plan --cmdline rd.imgbased.layer=\(Contender.layer) /dev/vdb4"
            )
            let number = try vm.check("cat /sys/class/block/vdb4/dev").trimmingCharacters(
                in: .whitespacesAndNewlines)
            try compileHardcoded(plan: plan, diskNumber: number, into: vm)

            var results = Contender.all.map { _ in [Measurement]() }
            // The first round warms caches and does not count.
            for round in 0...rounds {
                for (index, contender) in Contender.all.enumerated() {
                    let measurement = try measure(contender, in: vm)
                    if round > 0 { results[index].append(measurement) }
                }
            }
            return results
        }
    }

    private let preparation = """
        set -e
        mkdir -p /run/tools /sysroot
        mount -t tmpfs tmpfs /run/tools
        mount -o ro /dev/vdc /mnt
        cp /mnt/stopwatch /run/tools
        umount /mnt
        systemctl stop lvm2-monitor dm-event.socket dm-event.service || true
        vgchange -q -an HostVG
        modprobe -a dm-thin-pool ext4
        # The other contenders do not check the file system.
        echo "rd.imgbased.layer=\(Contender.layer) fsck.mode=skip" >/run/tools/cmdline
        mount --bind /run/tools/cmdline /proc/cmdline
        systemctl stop systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udevd
        rm -f /run/udev/control
        """

    private let volume = "HostVG-" + Contender.layer.replacing("-", with: "--")

    private func measure(_ contender: Contender, in vm: VM) throws -> Measurement {
        // Without thin_check, the helper does not check metadata. lvm2's configuration turns its check off.
        let hide = contender.checksMetadata ? ":" : "mount --bind /dev/null /usr/sbin/thin_check"
        let show = contender.checksMetadata ? ":" : "umount /usr/sbin/thin_check"
        // The helper mounts the layer. For other contenders the stopwatch mounts it, in the same way and
        // before it stops the clock.
        let mount = contender.mounts ? "" : "--mount /dev/mapper/\(volume) /sysroot"
        // The mount is hidden from systemd, which would otherwise work while the clock runs. The volume must
        // exist. Then its devices are removed, the last one first.
        let output = try vm.check(
            """
            \(hide)
            export DM_DISABLE_UDEV=1
            unshare --mount sh >/run/tools/output 2>/run/tools/errors <<'END'
            /run/tools/stopwatch \(mount) \(contender.command)
            umount /sysroot
            END
            \(show)
            dmsetup info \(volume) >>/run/tools/errors 2>&1 || { cat /run/tools/errors; exit 1; }
            dmsetup remove \(volume) HostVG-ImagePool-tpool HostVG-ImagePool_tdata HostVG-ImagePool_tmeta
            rm -rf /dev/HostVG
            tail -n 1 /run/tools/output
            """, within: .minutes(5))
        let fields = output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        guard fields.count == 3, fields[2] == 0 else {
            throw BenchError(description: "'\(contender.command)' failed: \(output)")
        }
        return Measurement(milliseconds: fields[0] / 1_000_000, kibibytes: fields[1])
    }

    // MARK: The tools of the guest

    private func makeTools() throws -> (directory: String, image: String) {
        let directory = NSTemporaryDirectory() + "imgbased-bench-" + UUID().uuidString
        let files = directory + "/files"
        try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: true)
        try HostCommand.run("gcc", "-O2", "-static", "-o", files + "/stopwatch", source("stopwatch.c"))
        let image = directory + "/tools.img"
        try HostCommand.run("mkfs.ext4", "-q", "-d", files, image, "8M")
        return (directory, image)
    }

    private func source(_ name: String) -> String {
        BuildDirectory.project + "/Tests/Bench/Guest/" + name
    }

    /// Compiles the C program with the tables of `plan` and puts it into the guest.
    private func compileHardcoded(plan: String, diskNumber: String, into vm: VM) throws {
        let directory = NSTemporaryDirectory() + "imgbased-bench-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        // The new devices get the first free minor numbers.
        let major = try vm.check("awk '$2 == \"device-mapper\" { print $1 }' /proc/devices")
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let header = try HardcodedTables(plan: plan, numbers: ["/dev/vdb4": diskNumber], major: major).source
        try header.write(toFile: directory + "/tables.h", atomically: true, encoding: .utf8)
        let libraries = try HostCommand.run(BuildDirectory.project + "/build-aux/static-libraries")
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let program = directory + "/hardcoded"
        try HostCommand.run(
            "gcc", "-O2", "-static", "-s", "-I", directory, "-o", program, source("hardcoded.c"), "-L",
            libraries,
            "-ldevmapper", "-lm")
        try HostCommand.run("gzip", "-9", program)
        let data = try Data(contentsOf: URL(filePath: program + ".gz"))
        try vm.check(
            """
            base64 -d <<'END' | gzip -d >/run/tools/hardcoded
            \(data.base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed]))
            END
            chmod +x /run/tools/hardcoded
            """, within: .minutes(5))
    }
}

/// The reason for a missing report.
struct BenchError: Error, CustomStringConvertible {
    let description: String
}

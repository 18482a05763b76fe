import Foundation
import TestMachine

/// Changes the boot menu with imgbase and grub-mkconfig in turn, in one guest.
///
/// imgbase writes an entry and the derived files. grub-mkconfig writes all of grub.cfg for as many kernels.
/// Each instruction takes one nanosecond.
struct EntryBench {
    let rounds: Int

    /// A way to change the menu.
    struct Way {
        /// The name in reports.
        let name: String
        /// The command, with `$round` set to the number of the round.
        let command: String

        static let all = [
            Way(
                name: "imgbase, its look at the host included",
                command: "imgbase boot --args-add Base-0.2 bench=$round"),
            Way(name: "imgbase, its look at the host alone", command: "imgbase boot --list"),
            Way(name: "grub-mkconfig", command: "grub-mkconfig -o /boot/grub/grub.cfg"),
        ]
    }

    /// The times of each way in milliseconds, one for each round.
    func run() throws -> [[Double]] {
        var machine = try Machine(
            name: "bench-entry", disks: [.overlay(of: InstalledDisk.current().disk)],
            // No GRUB: the firmware's clock, which it uses, hardly moves if instructions are counted.
            boot: RootImage.current().boot("rd.imgbased.layer=Base-0.1", .ordinary))
        machine.countsInstructions = true
        return try machine.run { vm in
            try vm.waitForGuest(within: .minutes(10))
            try vm.check("for n in 1 2 3; do cp /boot/imgbased/*/linux /boot/vmlinuz-6.1.0-$n; done; sync")
            var results = Way.all.map { _ in [Double]() }
            // The first round warms caches and does not count.
            for round in 0...rounds {
                for (index, way) in Way.all.enumerated() {
                    let output = try vm.check(
                        """
                        round=\(round)
                        start=$(date +%s%N)
                        \(way.command) >/run/output 2>&1 || { cat /run/output; exit 1; }
                        end=$(date +%s%N)
                        echo $((end - start))
                        """, within: .minutes(10))
                    guard let nanoseconds = Double(output.trimmingCharacters(in: .whitespacesAndNewlines))
                    else {
                        throw BenchError(description: "no time in '\(output)'")
                    }
                    if round > 0 { results[index].append(nanoseconds / 1_000_000) }
                }
            }
            return results
        }
    }
}

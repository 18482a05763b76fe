// make bench: the helper beside what a user would run instead, as ratios from one run.

import Foundation
import TestMachine

do {
    let activation = try ActivationBench(rounds: 5).run()

    print("Activating \(Contender.layer), kernel modules loaded, no udev, one instruction a nanosecond;")
    print("median (least to most) of \(activation[0].count) rounds, each way in turn:\n")
    print("".filled(38) + "time, ms".padded(24) + "peak memory, MiB".padded(20))
    for (contender, measurements) in zip(Contender.all, activation) {
        let time = Samples(measurements.map(\.milliseconds))
        let memory = Samples(measurements.map { $0.kibibytes / 1024 })
        let range = "(\(time.minimum.rounded(digits: 1)) to \(time.maximum.rounded(digits: 1)))"
        print(
            contender.name.filled(38) + "\(time.median.rounded(digits: 1)) \(range)".padded(24)
                + memory.median.rounded(digits: 1).padded(20))
    }
    print("\nPaired ratios, median (least to most):\n")
    for pair in Contender.pairs {
        let ours = activation[pair.ours]
        let other = activation[pair.other]
        let ratios = Samples(zip(ours, other).map { $1.milliseconds / $0.milliseconds })
        print(
            "\(Contender.all[pair.other].name) takes \(ratios.median.rounded(digits: 2)) "
                + "(\(ratios.minimum.rounded(digits: 2)) to \(ratios.maximum.rounded(digits: 2))) times as long as "
                + Contender.all[pair.ours].name)
    }

    let sizes = try InitramfsBench.run()
    print("\nWhat is added to an initramfs (zstd -19, kernel modules aside), bytes:\n")
    for (name, bytes) in sizes { print(name.filled(38) + String(bytes).padded(24)) }
} catch {
    print("bench: \(error)")
    exit(1)
}

/// Runs the parts and prints their measurements.
enum Report {
    private static let rounds = 5

    static func activation() throws {
        let activation = try ActivationBench(rounds: rounds).run()

        print(
            "\nActivating and mounting \(Contender.layer), kernel modules loaded, no udev, one instruction a nanosecond;"
        )
        print("median (least to most) of \(rounds) rounds, each way in turn:\n")
        print("".filled(38) + "time, ms".padded(24) + "peak memory, MiB".padded(20))
        for (contender, measurements) in zip(Contender.all, activation) {
            let time = Samples(measurements.map(\.milliseconds))
            let memory = Samples(measurements.map { $0.kibibytes / 1024 })
            print(
                contender.name.filled(38) + time.summary(digits: 1).padded(24)
                    + memory.median.rounded(digits: 1).padded(20))
        }
        print("\nPaired ratios, median (least to most):\n")
        for pair in Contender.pairs {
            let ratios = Samples(
                zip(activation[pair.ours], activation[pair.other]).map { $1.milliseconds / $0.milliseconds })
            print(
                "\(Contender.all[pair.other].name) takes \(ratios.summary(digits: 2)) times as long as "
                    + Contender.all[pair.ours].name)
        }
    }

    static func boot() throws {
        let boot = try BootBench(rounds: rounds).run()

        print("\nFrom the start of the kernel to the mounted root, one instruction a nanosecond;")
        print("median (least to most) of \(rounds) rounds, each initramfs in turn:\n")
        print(
            "".filled(28) + "in all, ms".padded(24) + "the kernel, ms".padded(24) + "the rest, ms".padded(24))
        for (way, times) in zip(BootBench.Way.all, boot) {
            let columns = [\BootBench.Measurement.mounted, \.kernel, \.userSpace].map { part in
                Samples(times.map { $0[keyPath: part] }).summary(digits: 0).padded(24)
            }
            print(way.name.filled(28) + columns.joined())
        }
        print("\nPaired ratios, median (least to most):\n")
        for pair in BootBench.Way.pairs {
            func ratios(_ time: KeyPath<BootBench.Measurement, Double>) -> String {
                let pairs = zip(boot[pair.ours], boot[pair.other])
                return Samples(pairs.map { $0[keyPath: time] / $1[keyPath: time] }).summary(digits: 2)
            }
            print(
                "\(BootBench.Way.all[pair.ours].name) takes \(ratios(\.mounted)) of the time of "
                    + "\(BootBench.Way.all[pair.other].name), \(ratios(\.userSpace)) without the kernel")
        }
    }

    static func entry() throws {
        let entry = try EntryBench(rounds: rounds).run()

        print("\nA change of the boot menu of three layers, one instruction a nanosecond;")
        print("median (least to most) of \(rounds) rounds, each way in turn:\n")
        print("".filled(38) + "time, ms".padded(24))
        for (way, times) in zip(EntryBench.Way.all, entry) {
            print(way.name.filled(38) + Samples(times).summary(digits: 0).padded(24))
        }
        print("\nPaired ratios, median (least to most):\n")
        let ratios = Samples(zip(entry[0], entry[2]).map { $1 / $0 })
        let bare = Samples(zip(zip(entry[0], entry[1]), entry[2]).map { $1 / ($0.0 - $0.1) })
        print("grub-mkconfig takes \(ratios.summary(digits: 1)) times as long as imgbase,")
        print("\(bare.summary(digits: 0)) times as long as what imgbase does besides looking at the host")
    }

    static func image() throws {
        let image = try ImageBench(rounds: rounds).run()

        print(
            "\nAn image to a new thin volume, from disk to disk, two emulated processors, time of the build host;"
        )
        print("median (least to most) of \(rounds) rounds, each way in turn:\n")
        print("".filled(38) + "time, ms".padded(24))
        for (way, times) in zip(ImageBench.Way.all, image) {
            print(way.name.filled(38) + Samples(times).summary(digits: 0).padded(24))
        }
        print("\nPaired ratios, median (least to most):\n")
        for other in ImageBench.Way.others {
            let ratios = Samples(zip(image[0], image[other]).map { $1 / $0 })
            print(
                "\(ImageBench.Way.all[other].name) takes \(ratios.summary(digits: 2)) of the time of imgbase")
        }
    }

    static func initramfs() throws {
        let sizes = try InitramfsBench.run()
        print("\nWhat is added to an initramfs (zstd -19, kernel modules aside), bytes:\n")
        for (name, bytes) in sizes { print(name.filled(38) + String(bytes).padded(24)) }
    }

    static func carry() throws {
        for files in [10_000, 100_000] {
            let carry = try CarryBench(rounds: 3, files: files).run()

            print("\nCarrying \(files) files to a new layer, on this machine, flushed;")
            print("median (least to most) of 3 rounds, each way in turn:\n")
            print("".filled(28) + "first, ms".padded(26) + "nothing to do, ms".padded(26))
            for (way, times) in zip(CarryBench.Way.all, carry) {
                print(
                    way.name.filled(28) + Samples(times.map(\.first)).summary(digits: 0).padded(26)
                        + Samples(times.map(\.again)).summary(digits: 0).padded(26))
            }
            let first = Samples(zip(carry[0], carry[1]).map { $1.first / $0.first })
            let again = Samples(zip(carry[0], carry[1]).map { $1.again / $0.again })
            print("\nPaired ratios, median (least to most):\n")
            print("rsync takes \(first.summary(digits: 2)) times as long as imgbase,")
            print("\(again.summary(digits: 2)) times as long where there is nothing to do")
        }

        let files = 100_000
        let remainder = try RemainderBench(rounds: 5, files: files).run()
        print("\nFinding \(RemainderBench.changed) changes in \(files) files that nothing carries, ms;")
        print("median (least to most) of 5 rounds, each way in turn:\n")
        for (way, times) in zip(RemainderBench.ways, remainder) {
            print(way.name.filled(28) + Samples(times).summary(digits: 0).padded(26))
        }
        let ratio = Samples(zip(remainder[0], remainder[1]).map { $0 / $1 })
        print("\nimgbase takes \(ratio.summary(digits: 2)) times as long as rsync (paired)")
    }
}

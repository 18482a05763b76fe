import Foundation
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHost
@testable import ImgbasedHostCore

/// The programs of a new layer on volumes: they run in trees of this machine's programs.
@Suite(
    .serialized,
    .enabled(
        if: PackageTrees.missing == nil && LayerFileSystemTests.missing == nil,
        "\(PackageTrees.missing ?? LayerFileSystemTests.missing ?? "")"))
struct VolumeReviewTests {
    private let trees: PackageTrees

    /// `app -t` refuses `x` and `y` together, and a version 2 of it refuses `old`.
    init() throws {
        trees = try PackageTrees()
        try trees.scratch.shell(
            """
            for tree in base layer new to; do
                mkdir -p $tree/usr/lib/imgbased/persist.d $tree/etc/app.d
                printf '%s\\n' 'check /etc/app.conf : app -t' 'make /etc/app.d : make-index' \\
                    'make /etc/app.d : no-such-program' 'skip /etc/app.index' >$tree/usr/lib/imgbased/persist.d/50-app.conf
                printf '%s\\n' 1 2 3 4 5 6 >$tree/etc/app.conf
                printf '%s\\n' '#!/bin/sh' 'grep -q x /etc/app.conf && grep -q y /etc/app.conf || exit 0' \\
                    'echo line 9: x and y >&2; exit 1' >$tree/usr/bin/app
                printf '%s\\n' '#!/bin/sh' 'cat /etc/app.d/* >/etc/app.index; ls /etc/app.d >/etc/app.names' \\
                    >$tree/usr/bin/make-index
                chmod 755 $tree/usr/bin/app $tree/usr/bin/make-index
            done
            """)
    }

    private struct Run {
        var report: CarryReport
        var devices: [String: LayerFileSystemTests.Device]
        var scratch: Scratch

        /// The content of a file of the new layer; empty if there is none.
        func text(_ path: String) throws -> String {
            let device = try #require(devices["to"]).path.device
            var text = ""
            try looking(at: device, in: scratch) { (place: String) throws in
                text = try Helper.run("/bin/sh", "-c", "[ ! -e \(place)\(path) ] || cat \(place)\(path)")
            }
            return text
        }
    }

    /// Carries from the tree `layer` into `to`, `times` times, after `script`. Then, after `late` changed the
    /// layer, once more as at shutdown.
    private func carry(_ script: String, times: Int = 1, late: String? = nil) async throws -> Run {
        try trees.scratch.shell(script)
        var devices: [String: LayerFileSystemTests.Device] = [:]
        for name in ["base", "layer", "new", "to"] {
            let image = trees.scratch("\(name).img")
            try Helper.run("/usr/bin/truncate", "-s", "128M", image)
            try Helper.run("/usr/sbin/mkfs.ext4", "-q", "-F", "-d", trees.scratch(name), image)
            devices[name] = try LayerFileSystemTests.Device(image)
        }
        func path(_ name: String) throws -> VolumePath { try #require(devices[name]).path }
        let group = try path("layer").group
        var state = HostState()
        let from = Volume(path: try path("layer"), size: Bytes(0), tags: [Tag.layer], segmentType: "thin")
        state.volumes = [
            Volume(
                path: VolumePath(group: group, name: "Base-0"), size: Bytes(0), tags: [Tag.base],
                segmentType: "thin"), from,
        ]
        var order = try CarryOrder(from: from, into: try path("to"), of: try path("new"), state)
        order.fromBase = try path("base")
        order.inactive = []
        var plan = Plan(goal: "test")
        plan.prepare = [.carry(order), .reviewCarry(order, isLate: false)]
        var report: CarryReport?
        for _ in 0..<times {
            var executor = Executor(runner: CommandRunner())
            try await executor.run(plan)
            report = executor.carried
        }
        if let late {
            let device = try path("layer").device
            try trees.scratch.shell(
                "mkdir -p seen && mount \(device) seen && (cd seen && \(late)); umount seen")
            plan.prepare = [.carry(order), .reviewCarry(order, isLate: true)]
            var executor = Executor(runner: CommandRunner())
            try await executor.run(plan)
            report = executor.carried
        }
        let kept = try #require(report)
        let device = try path("to").device
        let text = try Helper.run("/usr/sbin/debugfs", "-R", "cat \(CarryReport.path)", device)
        #expect(text.contains("\"conflicts\" : \(kept.conflicts.count)"), "the report is kept")
        return Run(report: kept, devices: devices, scratch: trees.scratch)
    }

    @Test func mergedLinesThatTheProgramRefusesAreAConflict() async throws {
        let run = try await carry(
            "sed -i s/1/x/ layer/etc/app.conf; sed -i s/6/y/ new/etc/app.conf to/etc/app.conf")
        #expect(
            run.report.items.map(\.line) == [
                "conflict '/etc/app.conf': changed here and in the new base; this one stays; 'app -t': line 9: x and y; "
                    + "the new base's is '/var/lib/imgbased/conflicts/etc/app.conf'"
            ])
        #expect(try run.text("/etc/app.conf") == "x\n2\n3\n4\n5\n6")
        #expect(try run.text("/var/lib/imgbased/conflicts/etc/app.conf") == "1\n2\n3\n4\n5\ny")
    }

    @Test func mergedLinesThatTheProgramTakesStay() async throws {
        let run = try await carry(
            "sed -i s/1/x/ layer/etc/app.conf; sed -i s/6/z/ new/etc/app.conf to/etc/app.conf")
        #expect(run.report.items.map(\.outcome) == [.merged])
        #expect(try run.text("/etc/app.conf") == "x\n2\n3\n4\n5\nz")
    }

    /// The check fails for another reason than the change of base.
    @Test func whatFailedBeforeIsNotTold() async throws {
        let run = try await carry(
            "sed -i 's/1/x/; s/2/y/' layer/etc/app.conf; sed -i s/6/z/ new/etc/app.conf to/etc/app.conf")
        #expect(run.report.items.map(\.outcome) == [.merged])
    }

    @Test func whatTheNewProgramRefusesIsTold() async throws {
        let run = try await carry(
            """
            sed -i s/1/old/ layer/etc/app.conf
            for tree in new to; do
                printf '%s\\n' '#!/bin/sh' '! grep old /etc/app.conf' >$tree/usr/bin/app
            done
            """)
        #expect(
            run.report.items.map(\.line) == [
                "carried '/etc/app.conf': a file, changed", "failed '/etc/app.conf': 'app -t': old",
            ])
        #expect(run.report.conflicts.map(\.outcome) == [.failed])
        #expect(try run.text("/etc/app.conf").hasPrefix("old\n"))
    }

    /// A second run begins with the results of the first.
    @Test(arguments: [1, 2])
    func indexesAreMadeInTheNewLayer(times: Int) async throws {
        let run = try await carry(
            "echo mine >layer/etc/app.d/mine; echo new | tee new/etc/app.d/base >to/etc/app.d/base",
            times: times)
        #expect(try run.text("/etc/app.index") == "new\nmine")
        #expect(try run.text("/etc/app.names") == "base\nmine")
        #expect(run.report.items.map(\.outcome) == [.carried])
    }

    @Test func whatCannotBeMadeIsToldAndLeavesNothing() async throws {
        let run = try await carry(
            """
            echo mine >layer/etc/app.d/mine
            printf '%s\\n' '#!/bin/sh' 'echo half >/etc/app.index; echo no space; exit 3' >to/usr/bin/make-index
            """)
        #expect(
            run.report.items.map(\.line) == [
                "failed '/etc/app.d': 'make-index': no space",
                "carried '/etc/app.d/mine': a file, added",
            ])
        #expect(try run.text("/etc/app.index") == "")
    }

    /// At shutdown nothing runs, and what was found and made before stays.
    @Test func lateChangesLeaveWhatProgramsFoundAndMade() async throws {
        let run = try await carry(
            """
            for tree in base layer new to; do echo shipped >$tree/etc/app.index; done
            sed -i s/1/x/ layer/etc/app.conf; sed -i s/6/y/ new/etc/app.conf to/etc/app.conf
            echo mine >layer/etc/app.d/mine
            """, late: "echo late >etc/other")
        #expect(
            run.report.items.map(\.line) == [
                "conflict '/etc/app.conf': changed here and in the new base; this one stays; 'app -t': line 9: x and y; "
                    + "the new base's is '/var/lib/imgbased/conflicts/etc/app.conf'",
                "carried '/etc/app.d/mine': a file, added", "carried '/etc/other': a file, added",
            ])
        #expect(try run.text("/etc/app.conf") == "x\n2\n3\n4\n5\n6")
        #expect(try run.text("/etc/app.index") == "mine")
        #expect(try run.text("/etc/app.names") == "mine")
    }

    /// The merge is another now, and so nothing is known against it. That nobody looked at it is told.
    @Test func whatNoProgramSawIsTold() async throws {
        let run = try await carry(
            "sed -i s/1/x/ layer/etc/app.conf; sed -i s/6/y/ new/etc/app.conf to/etc/app.conf",
            late: "sed -i s/x/z/ etc/app.conf")
        #expect(
            run.report.items.map(\.line) == [
                "failed '/etc/app.conf': changed after the update; run 'app -t'",
                "merged '/etc/app.conf': lines of both",
            ])
        #expect(try run.text("/etc/app.conf") == "z\n2\n3\n4\n5\ny")
    }

    /// Nothing was changed that a program reads.
    @Test func withoutAChangeNothingRuns() async throws {
        let run = try await carry(
            """
            echo mine >layer/etc/other
            printf '%s\\n' '#!/bin/sh' 'exit 1' | tee to/usr/bin/app >to/usr/bin/make-index
            """)
        #expect(run.report.items.map(\.outcome) == [.carried])
    }
}

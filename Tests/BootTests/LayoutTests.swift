import Foundation
import TestMachine
import Testing

/// Volume groups as lvm2 lays them out in practice, activated by lvm2 and by the helper in turn.
///
/// With `RECORD_FIXTURES=DIRECTORY` in the environment, the metadata and devices of lvm2 are written there.
/// They become Fixtures/layouts of ImgbasedCoreTests, whose tests compare them with plans without a machine.
@Suite struct LayoutTests {
    @Test(
        "The helper makes the same devices as lvm2 for every layout, and lvm2 accepts them as its own",
        .checkAll)
    func activation() throws {
        try expectDevicesOfLVM(in: machine("layouts", Layout.bootable))
    }

    @Test("The helper makes the same devices as Debian 13's lvm2, with its udev and kernel", .checkAll)
    func trixie() throws {
        try expectDevicesOfLVM(in: machine("layouts.trixie", Layout.bootable, of: .trixie))
    }

    private func expectDevicesOfLVM(in machine: Machine) throws {
        try machine.run { vm in
            try vm.prepareForLayouts()
            try vm.layOut(Layout.bootable) { layout, disks in
                try vm.layOut("vgchange -q -a n $group", in: layout)
                let record = try Record(of: layout, in: vm, disks: disks)
                for volume in layout.volumes {
                    let devices = try vm.expectDevicesOfLVM(volume, in: layout)
                    try record?.add(devices, to: "\(volume).devices")
                }
                for pool in record == nil ? [] : layout.pools {
                    let volume = "$group/\(pool)"
                    let devices = try vm.layOut(
                        "lvchange -q -a y \(volume); devices; lvchange -q -a n \(volume)", in: layout)
                    try record?.add(devices, to: "\(pool).devices")
                }
                if layout.group == "pools" { try vm.expectLowWaterMarkOfLVM(in: layout) }
                if layout.group == "snapshots" { try vm.expectMergeIsFinishedByLVM(in: layout) }
            }
        }
    }

    @Test("The helper gives a reason for each volume that it refuses to activate")
    func refusals() throws {
        try machine("refusals", Layout.refused).run { vm in
            try vm.prepareForLayouts()
            try vm.layOut(Layout.refused) { layout, disks in
                let isOfMetadata = layout.refusals.contains { $0.disks == nil }
                let record = isOfMetadata ? try Record(of: layout, in: vm, disks: disks) : nil
                for refusal in layout.refusals {
                    let plan = "/usr/lib/imgbased/imgbase-initrd plan"
                    let result = try vm.run(
                        """
                        set -- \(disks)
                        \(plan) --cmdline root=/dev/\(layout.group)/\(refusal.volume) \(refusal.disks ?? "\"$@\"")
                        """)
                    #expect(result.status == 1)
                    #expect(result.output == "imgbase-initrd: " + refusal.reason)
                    if refusal.disks == nil {
                        try record?.add(refusal.reason, to: "\(refusal.volume).refusal")
                    }
                }
            }
        }
    }

    @Test("lvm2 activates a group that the helper does not find; a foreign namesake causes a warning")
    func elsewhere() throws {
        let layout = Layout(
            group: "elsewhere", diskCount: 1,
            script: """
                # At a place where no disk has a label.
                echo 0 $(($(blockdev --getsz "$1") - 2048)) linear "$1" 2048 | dmsetup create odd
                vgcreate "$group" /dev/mapper/odd
                plain -L 8M -n root
                fill root
                """, volumes: ["root"])
        // lvm2 knows which of two groups belongs to this host.
        let twice = Layout(
            group: "twice", diskCount: 2,
            script: """
                vgcreate "$group" "$1"
                plain -L 8M -n root
                fill root
                vgcreate -y --config "devices/filter=['r|$1|']" --systemid another-host "$group" "$2"
                """)
        try machine("elsewhere", [layout, twice]).run { vm in
            try vm.prepareForLayouts()
            try vm.layOut([layout, twice]) { layout, disks in
                let report = try vm.layOut(
                    """
                    echo "root=/dev/$group/root ro rd.imgbased.timeout=2" >/run/layouts/cmdline
                    /usr/lib/imgbased/imgbase-initrd boot >/dev/null
                    umount /sysroot
                    cat /run/imgbased/boot.json
                    """, in: layout)
                if layout.group == twice.group {
                    let foreign = disks.split(separator: " ")[1]
                    #expect(report.contains("\"activatedBy\":\"native\""))
                    #expect(
                        report.contains(
                            "'\(foreign)' has another volume group 'twice', of the host with system id 'another-host'"
                        ))
                } else {
                    #expect(report.contains("\"activatedBy\":\"lvm\""))
                    #expect(report.contains("\"refusal\":\"volume group 'elsewhere' lacks physical volume "))
                }
            }
        }
    }

    @Test("If lvm2 and the helper run at the same time, the second one finds the work complete")
    func race() throws {
        let layout = Layout(
            group: "race", diskCount: 1, script: "vgcreate $group $1; thin root; fill root", volumes: ["root"]
        )
        try machine("race", [layout]).run { vm in
            try vm.prepareForLayouts()
            try vm.layOut([layout]) { layout, _ in
                try vm.layOut("vgchange -q -a n $group", in: layout)
                let devices = try vm.expectDevicesOfLVM("root", in: layout)
                let expected = "\"activatedBy\":\"native\"\n" + devices + "\nNo devices found"
                for lead in stride(from: 0, through: 30, by: 2) {
                    let result = try vm.layOut("race root \(lead)", in: layout)
                    #expect(result == expected, "lvm2 first by \(lead)")
                }
            }
        }
    }

    private func machine(
        _ name: String, _ layouts: [Layout], of release: DebianTree = .bookworm
    ) throws -> Machine {
        let count = layouts.reduce(0) { $0 + $1.diskCount }
        return try Artefacts.bareSystem(
            name, of: release, disks: Array(repeating: .blank(mebibytes: 256), count: count))
    }
}

/// The directory for the fixtures of one volume group.
private struct Record {
    private let directory: String

    /// Records the metadata of `layout` from its first disk; `nil` if recording is off.
    init?(of layout: Layout, in vm: VM, disks: String) throws {
        guard let root = ProcessInfo.processInfo.environment["RECORD_FIXTURES"] else { return nil }
        directory = root + "/" + layout.group
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try add(vm.layOut("metadata \(disks.prefix { $0 != " " })", in: layout), to: "metadata")
    }

    func add(_ text: String, to file: String) throws {
        try (text + "\n").write(toFile: directory + "/" + file, atomically: true, encoding: .utf8)
    }
}

extension VM {
    /// Expects that the helper makes the same devices for `volume` as lvm2.
    ///
    /// Expects also that lvm2 then has nothing to do and can remove the devices. Returns the devices.
    fileprivate func expectDevicesOfLVM(_ volume: String, in layout: Layout) throws -> String {
        var parts: [String: [String]] = [:]
        var part = ""
        for line in try layOut("activate \(volume)", in: layout).split(separator: "\n") {
            // A warning of the helper.
            if line.hasPrefix("imgbase-initrd: ") { continue }
            if line.hasPrefix("= ") {
                part = String(line.dropFirst(2))
            } else {
                parts[part, default: []].append(String(line))
            }
        }
        let name: Comment = "\(layout.group)/\(volume)"
        let devices = try #require(parts["lvm2"], name)
        // lvm2 makes a volume's device before its snapshots' devices, and starts it after them. The helper
        // makes the volume's device only then.
        if devices.contains(where: { $0.contains(" snapshot") }) {
            #expect(parts["helper"]?.sorted() == devices.sorted(), name)
            #expect(parts["helper and lvm2"] == parts["helper"], name)
            // Each line begins with a device number.
            let properties = ["helper", "lvm2"].map { who in
                parts["properties with \(who == "lvm2" ? who : "the " + who)"]?.map {
                    $0.drop { $0 != ":" }.dropFirst().drop { $0.isNumber }
                }
                .sorted()
            }
            #expect(properties[0] == properties[1], name)
        } else {
            #expect(parts["helper"] == devices, name)
            #expect(parts["helper and lvm2"] == devices, name)
            #expect(parts["properties with the helper"] == parts["properties with lvm2"], name)
        }
        #expect(parts["left by lvm2"] == ["No devices found"], name)
        #expect(parts["left by the helper"] == ["No devices found"], name)
        return devices.joined(separator: "\n")
    }

    /// Expects that lvm2 finishes the merge of a thin snapshot that the helper has booted.
    ///
    /// The helper's devices equal those after the merge: only metadata is left to change.
    fileprivate func expectMergeIsFinishedByLVM(in layout: Layout) throws {
        let lines = try layOut(
            """
            device() { dmsetup table --target thin "$group-merging" | awk '{ print "device", $5 }'; }
            boot merging
            device
            lvm lvpoll --polloperation merge_thin --interval 1 "$group/merging"
            device
            lvs --noheadings -a -o name "$group" | sed -n 's/.*\\(merged\\).*/\\1 is there/p'
            vgchange -q -a n "$group"
            """, in: layout)
        #expect(
            lines.split(separator: "\n").filter { $0.hasPrefix("device") || $0.contains("there") }
                == ["device 2", "device 2"])
    }

    /// Expects that a pool gets lvm2's configured low water mark when lvm2 activates another volume in it.
    ///
    /// The helper cannot know lvm2's configuration.
    fileprivate func expectLowWaterMarkOfLVM(in layout: Layout) throws {
        let marks = try layOut(
            """
            mark() { dmsetup table --target thin-pool | awk '{ print "mark", $8 }'; }
            boot default
            mark
            lvchange -q -K -a y --config activation/thin_pool_autoextend_threshold=70 "$group/layer"
            mark
            vgchange -q -a n "$group"
            """, in: layout
        ).split(separator: "\n").filter { $0.hasPrefix("mark ") }
        // The pool has 128 chunks; the mark is at 30 % of them free.
        #expect(marks == ["mark 0", "mark 38"])
    }
}

import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

@Suite struct BootAuditTests {
    /// A host with two layers and no problem.
    private static func host() throws -> (state: HostState, findings: BootAudit.Findings) {
        var machine = try FakeMachine.host(layers: 2)
        machine.settle(on: "Base-0.1")
        machine.state.boot.grubConfig = ""
        machine.state.boot.grubScript = "set x=1\n"
        machine.state.boot.device = "/dev/sda2"
        try machine.perform(BootLoaderPlanner.install(machine.state))
        var findings = BootAudit.Findings()
        findings.intact = machine.state.boot.digests
        findings.modules = ["Base-0.1": ["6.1"]]
        return (machine.state, findings)
    }

    private static func problems(
        _ change: (inout HostState, inout BootAudit.Findings) -> Void = { _, _ in }
    ) throws -> [String] {
        var (state, findings) = try host()
        change(&state, &findings)
        return BootAudit(state, names: FakeMachine.names, findings).problems
    }

    @Test func aWholeHostHasNone() throws {
        #expect(try Self.problems() == [])
    }

    @Test func whatIsWrongIsSaid() throws {
        let stored = "/imgbased/\(FakeMachine.kernel.digest)"
        let lost = ["Base-0.1", "Base-0.2"].flatMap { layer in
            ["linux", "initrd"].map { "'\(stored)/\($0)' of layer '\(layer)' is missing or damaged" }
        }
        #expect(try Self.problems { $1.intact = [] } == lost)
        #expect(
            try Self.problems { $1.modules["Base-0.2"] = ["6.0"] }
                == ["layer 'Base-0.2' has no modules of its kernel 6.1"])
        #expect(
            try Self.problems { $1.unread["Base-0.2"] = "no superblock" }
                == ["layer 'Base-0.2' cannot be inspected: no superblock"])
        // Only our own volumes are known to have been in the other group.
        let table =
            "/dev/Old/gone /a ext4\n/dev/HostVG/Base-0.2 / ext4\n/dev/mapper/Old-Config /config ext4\n"
        #expect(
            try Self.problems { $1.tables["Base-0.2"] = Array(table.utf8) } == [
                "'/etc/fstab' of layer 'Base-0.2' names volume group 'Old', which is not there; change it to 'HostVG'"
            ])
        let initrd = "/imgbased/\(FakeMachine.kernel.digest)/initrd"
        #expect(
            try Self.problems { $1.helpers[initrd] = .absent }.map {
                $0.hasSuffix("'dracut --no-hostonly --force'")
            }
                == [true, true])
        #expect(
            try Self.problems { $1.helpers[initrd] = .unknown("no lz4") }.first
                == "initramfs '\(initrd)' of layer 'Base-0.1' cannot be inspected: no lz4")
        #expect(try Self.problems { $1.helpers[initrd] = .present } == [])
        #expect(
            try Self.problems { state, _ in state.volumes.removeAll { $0.name == "Base-0.2" } }
                == ["there is an entry of 'Base-0.2', but no such layer"])
        #expect(
            try Self.problems { state, _ in state.boot.entries["Base-0.2"] = "title x" }.first
                == "the entry of 'Base-0.2' names no kernel or no initramfs")
        #expect(
            try Self.problems { state, _ in state.boot.entries["Base-0.1"] = nil }.prefix(2) == [
                "layer 'Base-0.1' has no entry", "the default is 'Base-0.1', which has no entry",
            ])
        #expect(
            try Self.problems { state, _ in state.boot.environment = [] }
                == [
                    "GRUB's environment block is missing or damaged; renew it with 'imgbase boot set-default'"
                ])
        #expect(
            try Self.problems { state, _ in state.boot.menu? += "x" }
                == ["GRUB's menu differs from the entries; renew it with 'imgbase boot install'"])
        #expect(
            try Self.problems { state, _ in state.boot.grubConfig = "" }
                == ["GRUB's menu does not have the layers; put them there with 'imgbase boot install'"])
    }

    /// No boot loader follows a link as Linux does, and the target belongs to another program.
    @Test func aRecordBehindALinkIsNone() throws {
        let path = "/boot/grub/imgbased.env"
        let reason = HostReason.recordIsLink(path)
        #expect(
            try Self.problems { state, _ in
                (state.boot.environment, state.boot.recordLink) = (nil, path)
            } == ["\(reason)"])
        var machine = FakeMachine()
        machine.state = try Self.host().state
        machine.state.booted = VolumePath(group: "HostVG", name: "Base-0.1")
        (machine.state.boot.environment, machine.state.boot.recordLink) = (nil, path)
        let (state, names) = (machine.state, FakeMachine.names)
        let attempts: [() throws -> Void] = [
            { _ = try Debris(state, names: names) },
            { try machine.addLayer() }, { try machine.updateHost() },
            { try machine.remove(.layer("Base-0.2"), isForced: true) },
            { _ = try BootPlanner.plan(.setDefault("Base-0.2"), state, names: names) },
            { _ = try BootPlanner.plan(.good, state, names: names) },
            { _ = try RefreshPlanner.plan(FakeMachine.kernel, from: .running, state, names: names) },
            { _ = try BootLoaderPlanner.install(state) },
        ]
        for attempt in attempts {
            let refusal = #expect(throws: HostRefusal.self) { try attempt() }
            #expect(refusal?.reason == reason)
        }
        #expect(machine.state == state)
    }

    /// `..` at the top of `/boot`'s file system leads nowhere for a boot loader, and out of it for Linux.
    @Test func pathsThatLeadUp() throws {
        let stored = "/imgbased/\(FakeMachine.kernel.digest)"
        func problems(_ path: String) throws -> [String] {
            try Self.problems { state, findings in
                findings.files = [path]
                state.boot.entries["Base-0.2"]?.replace("initrd \(stored)/initrd", with: "initrd \(path)")
                // An administrator who writes the path there renews the menu.
                let entries = BootPlanner.entries(state.boot)
                let menu = BootPlanner.menu(entries, state.boot.record, state.boot, in: "/boot/grub")
                var machine = FakeMachine()
                machine.state = state
                machine.power = menu.count
                var plan = Plan(goal: "")
                plan.commit = menu
                try? machine.perform(plan)
                state = machine.state
            }
        }
        for path in ["/../boot/initrd", "\(stored)/../x/initrd", "\(stored)/.."] {
            #expect(try problems(path) == ["\(HostReason.strangePath(path, of: "Base-0.2"))"])
        }
        // A file in a directory of the store is known only by its name there.
        for path in ["\(stored)/other", "\(stored)/initrd/x", stored] {
            #expect(try problems(path) == ["'\(path)' of layer 'Base-0.2' is missing or damaged"])
        }
        #expect(try problems("/initrd..img") == [])
        #expect(try problems("\(stored)//initrd") == [])
    }

    @Test func whatLeadsUpIsNotBootedNext() throws {
        var (state, _) = try Self.host()
        let digest = FakeMachine.kernel.digest
        state.boot.entries["Base-0.2"]?.replace("linux /imgbased/\(digest)/linux", with: "linux /../linux")
        for change in [BootChange.setDefault("Base-0.2"), .once("Base-0.2"), .trial("Base-0.2", tries: 3)] {
            #expect(throws: HostRefusal(change.goal, .strangePath("/../linux", of: "Base-0.2"))) {
                try BootPlanner.plan(change, state, names: FakeMachine.names)
            }
        }
        // Other layers are not affected, and the layer's own system repairs it.
        _ = try BootPlanner.plan(.setDefault("Base-0.1"), state, names: FakeMachine.names)
        state.booted = VolumePath(group: "HostVG", name: "Base-0.2")
        _ = try BootPlanner.plan(.good, state, names: FakeMachine.names)
        var machine = FakeMachine()
        machine.state = state
        try machine.perform(
            try RefreshPlanner.plan(FakeMachine.kernel, from: .running, state, names: FakeMachine.names))
        #expect(machine.state.boot.entries["Base-0.2"]?.contains("linux /imgbased/\(digest)/linux\n") == true)
    }

    private static func block(_ text: String, end: String = "") -> [UInt8] {
        let head = Array(("# GRUB Environment Block\n" + text).utf8)
        return head + Array(repeating: UInt8(ascii: "#"), count: 1024 - end.utf8.count - head.count)
            + end.utf8
    }

    /// Judged like GRUB, which sets two variables (grub-core/lib/envblk.c).
    @Test(
        arguments: [
            (block(""), true), (block("imgbased_default=a\n"), true), (block("x=a\\\\\n"), true),
            // No room at the end.
            (block("imgbased_default=a\n", end: "\n"), false),
            (block("imgbased_once=\nimgbased_tries=0\n", end: "\n"), true),
            (block("imgbased_once=\nimgbased_tries=\n", end: "\n"), false),
            (block("x=" + String(repeating: "x", count: 1024 - 25 - 3 - 32) + "\n"), true),
            (block("x=" + String(repeating: "x", count: 1024 - 25 - 3 - 31) + "\n"), false),
            // A last line without a newline.
            (block("imgbased_default=a"), false), (block("", end: "x"), false),
            // The text behind the backslash belongs to the value.
            (block("x=a\\\n"), false),
            (block("") + [35], false), (Array(block("").dropLast()), false), ([], false),
        ] as [([UInt8], Bool)])
    func blocksThatGRUBCanWrite(block: [UInt8], isBlock: Bool) throws {
        #expect(GRUBEnvironment.isBlock(block) == isBlock)
        #expect(
            try Self.problems { state, _ in state.boot.environment = block }.contains {
                $0.hasPrefix("GRUB's environment block is missing or damaged")
            } == !isBlock)
    }

    @Test(
        arguments: [
            ("ext4", "", false, nil), ("xfs", "", false, nil), ("vfat", "/boot", false, nil),
            ("ext4", "/boot", false, nil),
            ("ext4", "", true, "'/boot' is mounted with data=journal"),
            ("xfs", "/boot", false, "'/boot' is on the root file system, of type xfs"),
            ("jfs", "", false, "'/boot' is on jfs"),
        ] as [(String, String, Bool, String?)])
    func whereNothingCanBePromised(type: String, prefix: String, isJournaled: Bool, problem: String?) throws {
        func change(_ boot: inout BootState) {
            (boot.fileSystem, boot.prefix, boot.isDataJournaled) = (type, prefix, isJournaled)
        }
        let problems = try Self.problems { state, _ in change(&state.boot) }
        #expect(problem.map { problem in problems.contains { $0.hasPrefix(problem) } } ?? true)
        var (state, _) = try Self.host()
        change(&state.boot)
        do throws(HostRefusal) {
            _ = try BootLoaderPlanner.install(state)
            #expect(problem == nil)
        } catch {
            #expect(error.reason.description.hasPrefix(problem ?? "-"))
        }
    }

    @Test(
        arguments: [
            ("btrfs", "/dev/sda2", nil, false), ("ext4", "/dev/mapper/vg-boot", "LVM-abc", false),
            ("ext4", "/dev/mapper/boot", "CRYPT-LUKS2-abc-mpath-x", false), ("xfs", "/dev/md0", nil, false),
            ("ext4", "/dev/mapper/mpatha1", "part1-mpath-3600", true),
            ("vfat", "/dev/mapper/isw_x1", "DMRAID-isw_x", true), ("ext4", "/dev/vda2", nil, true),
        ] as [(String, String, String?, Bool)])
    func whereGRUBCanWrite(type: String, device: String, mapping: String?, isWritable: Bool) throws {
        let problems = try Self.problems { state, _ in
            (state.boot.fileSystem, state.boot.device, state.boot.mapping) = (type, device, mapping)
        }
        #expect(problems.isEmpty == isWritable)
        #expect(problems.allSatisfy { $0.hasPrefix("GRUB cannot write to '/boot'") })
    }
}

import Testing

@testable import ImgbasedCore

@Suite struct HostBootAuditTests {
    /// A host with two layers, nothing wrong with it.
    private static func host() throws -> (state: HostState, findings: BootAudit.Findings) {
        var machine = FakeMachine()
        try machine.initialize()
        try machine.addBase()
        for _ in 1...2 { try machine.addLayer() }
        machine.state.boot.grubConfig = ""
        machine.state.boot.grubScript = GRUBSnippet(path: "/x", program: "1\n2\n3\nset x=1\n")
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
        let initrd = "/imgbased/\(FakeMachine.kernel.digest)/initrd"
        #expect(
            try Self.problems { $1.helpers[initrd] = .absent }.map {
                $0.hasSuffix("'dracut --no-hostonly --force'")
            }
                == [true, true])
        #expect(
            try Self.problems { $1.helpers[initrd] = .unknown("no lz4") }.first
                == "initramfs '\(initrd)' of layer 'Base-0.1' cannot be looked into: no lz4")
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
                    "GRUB's environment block is missing or damaged; renew it with 'imgbase boot --set-default'"
                ])
        #expect(
            try Self.problems { state, _ in state.boot.menu? += "x" }
                == ["GRUB's menu is not what the entries say; renew it with 'imgbase boot --install'"])
        #expect(
            try Self.problems { state, _ in state.boot.grubConfig = "" }
                == ["GRUB's menu does not have the layers; put them there with 'imgbase boot --install'"])
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

import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// `vgrename HostVG NewVG` on a host with layers.
@Suite struct GroupRenameTests {
    private static let group = "New-VG"

    private static func names(_ machine: FakeMachine) -> HostNames {
        HostNames(group: nil, pool: nil, in: machine.state)
    }

    private static func machine(_ loader: BootLoader = .grub(directory: "/boot/grub")) throws -> FakeMachine {
        var machine = try FakeMachine.host(loader, layers: 2)
        machine.settle(on: "Base-0.1")
        for index in machine.state.volumes.indices {
            machine.state.volumes[index].path.group = group
            machine.state.volumes[index].isActive = true
        }
        machine.contents = Dictionary(
            uniqueKeysWithValues: machine.contents.map { (VolumePath(group: group, name: $0.name), $1) })
        machine.state.groups[0].name = group
        machine.state.booted = VolumePath(group: group, name: "Base-0.1")
        return machine
    }

    /// As `Session.followRename` does it.
    private static func follow(_ machine: inout FakeMachine) throws {
        let rename = try #require(GroupRename(machine.state, names: names(machine)))
        let other = VolumePath(group: group, name: "Base-0.2")
        let table = GroupRename.Table(
            layer: other, type: .ext4, contents: try #require(machine.contents[other]).fstab)
        try machine.perform(try rename.plan(machine.state, [table]))
    }

    @Test(arguments: [BootLoader.grub(directory: "/boot/grub"), .systemdBoot])
    func everythingNamesTheGroupAsItIsCalledNow(loader: BootLoader) throws {
        var machine = try Self.machine(loader)
        let names = Self.names(machine)
        #expect(names.group == Self.group, "the tag says which it is")
        // Before: the audit names the old group, and debris sees no missing layers.
        let problems = BootAudit(machine.state, names: names, BootAudit.Findings()).problems
        #expect(
            problems.contains { $0.hasPrefix("the entry of 'Base-0.1' names volume group 'HostVG', which") })
        #expect(try Debris(machine.state, names: names).items.map(\.kind) == ["renamed"])
        try Self.follow(&machine)
        for layer in ["Base-0.1", "Base-0.2"] {
            let entry = try #require(BootPlanner.entries(machine.state.boot).first { $0.layer == layer })
            let own = BootArguments.own(layer: VolumePath(group: Self.group, name: layer))
            #expect(Array(entry.options.words.prefix(4)) == own)
        }
        #expect(machine.state.boot.menu?.contains("HostVG") != true)
        let other = try #require(machine.contents[VolumePath(group: Self.group, name: "Base-0.2")])
        for table in [other.fstab, machine.state.config.fstab].map({ String(decoding: $0, as: UTF8.self) }) {
            #expect(!table.contains("HostVG") && table.contains("/dev/New-VG/Config /config "), "\(table)")
        }
        #expect(String(decoding: other.fstab, as: UTF8.self).contains("/dev/New-VG/Base-0.2 / "))
        #expect(GroupRename(machine.state, names: names) == nil)
        #expect(try Debris(machine.state, names: names).items.isEmpty)
    }

    /// The power fails after each step: the next run does the rest.
    @Test func aPowerCutLeavesTheRestForTheNextRun() throws {
        let start = try Self.machine()
        var whole = start
        try Self.follow(&whole)
        for power in 0...20 {
            var machine = start
            machine.power = power
            do { try Self.follow(&machine) } catch is PowerCut {
                machine.power = .max
                if GroupRename(machine.state, names: Self.names(machine)) != nil { try Self.follow(&machine) }
                for draft in try Debris(machine.state, names: Self.names(machine)).plan(machine.state).steps {
                    #expect(draft.verb != "removeEntry" && draft.verb != "removeVolume")
                }
                try machine.perform(try Debris(machine.state, names: Self.names(machine)).plan(machine.state))
                #expect(machine.state.boot.entries == whole.state.boot.entries, "after \(power) steps")
                #expect(machine.state.boot.menu == whole.state.boot.menu)
                #expect(machine.contents == whole.contents && machine.state.config == whole.state.config)
            }
        }
    }

    /// Entries of an existing group are foreign, and so are lines of other volumes.
    @Test func whatIsOfOthersStays() throws {
        var machine = try Self.machine()
        machine.state.groups.append(
            HostState.Group(
                name: "HostVG", uuid: "", size: Bytes(1), free: Bytes(0), extentSize: Bytes(1), tags: []))
        #expect(GroupRename(machine.state, names: Self.names(machine)) == nil)
        machine.state.groups.removeLast()
        let line = "/dev/HostVG/gone /srv ext4 noatime 0 0\n/dev/mapper/HostVG-Config /mnt ext4 ro 0 0\n"
        machine.state.config.fstab += Array(line.utf8)
        try Self.follow(&machine)
        let table = String(decoding: machine.state.config.fstab, as: UTF8.self)
        #expect(
            table.hasSuffix("/dev/HostVG/gone /srv ext4 noatime 0 0\n/dev/New-VG/Config /mnt ext4 ro 0 0\n"))
    }
}

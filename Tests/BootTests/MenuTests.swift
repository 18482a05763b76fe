import TestMachine
import Testing

/// Layers chosen in GRUB's menu, and layers nobody chose.
@Suite struct MenuTests {
    @Test("each layer boots from the menu and keeps to itself what is written in it; the bases do not change")
    func everyLayer() throws {
        let layers = InstalledDisk.layers
        try Artefacts.machine("menu").run { vm in
            for layer in layers {
                let menu = try vm.menu()
                #expect(menu.names == layers.reversed().map(\.name) + ["Rescue:"])
                try menu.boot(layer.name)
                try vm.expectBooted(layer.name, on: layer.base)
                try vm.expect("", from: "ls /root")
                try vm.check("echo \(layer.name) >/root/written-in-\(layer.name) && sync")
                if layer.name == layers.last?.name { break }
                // The next menu is the copy, which is the same: first there is no other, then half of one and no record.
                try vm.check(
                    layer.name == layers.first?.name
                        ? "rm /boot/grub/imgbased.cfg"
                        : "head -c 9000 /boot/imgbased/menu.cfg >/boot/grub/imgbased.cfg; rm /boot/grub/imgbased.env"
                )
                // GRUB sees what is not only in the journal.
                try vm.check("fsfreeze -f /boot && fsfreeze -u /boot")
                vm.cutPower()
                try vm.powerOn()
            }
            // From the last one, into the other two.
            for layer in layers.dropLast() {
                try vm.check("lvchange -ay HostVG/\(layer.name) && mount /dev/HostVG/\(layer.name) /mnt")
                try vm.expect("written-in-\(layer.name)", from: "ls /mnt/root")
                try vm.check("umount /mnt")
            }
            for base in InstalledDisk.bases { try vm.expectUnchanged(base: base) }
        }
    }
}

extension GRUBMenu {
    /// The first words of the titles: the layers' names.
    var names: [String] { titles.map { $0.split(separator: " ").first.map(String.init) ?? "" } }
}

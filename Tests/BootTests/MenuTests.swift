import TestMachine
import Testing

/// Layers chosen in GRUB's menu, and layers booted unattended.
@Suite struct MenuTests {
    @Test("Each layer boots from the menu and keeps its own changes, and the bases do not change")
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
                // The next menu is the identical copy: first without the menu, then with half a menu and no
                // record.
                try vm.check(
                    layer.name == layers.first?.name
                        ? "rm /boot/grub/imgbased.cfg"
                        : "head -c 9000 /boot/imgbased/menu.cfg >/boot/grub/imgbased.cfg; rm /boot/grub/imgbased.env"
                )
                // Writes the journal back, because GRUB does not read journals.
                try vm.check("fsfreeze -f /boot && fsfreeze -u /boot")
                vm.cutPower()
                try vm.powerOn()
            }
            // From the last layer, look into the other two.
            for layer in layers.dropLast() {
                try vm.check("lvchange -ay HostVG/\(layer.name) && mount /dev/HostVG/\(layer.name) /mnt")
                try vm.expect("written-in-\(layer.name)", from: "ls /mnt/root")
                try vm.check("umount /mnt")
            }
            for base in InstalledDisk.bases { try vm.expectUnchanged(base: base) }
        }
    }

    @Test("A menu of 2,000 layers shows the newest and the default, and boots the default", .checkAll)
    func many() throws {
        try Artefacts.host("many-layers").run { vm in
            try vm.check(
                """
                set -e
                cd /boot/loader/entries
                awk '{ line[NR] = $0 } END {
                    for (n = 1; n <= 2000; n++) {
                        name = "ovirt-node-ng-4.4.10-0.20220300.0." n
                        file = "imgbased-" name ".conf"
                        for (i = 1; i <= NR; i++) {
                            text = line[i]
                            gsub(/Base-0[.]1/, name, text)
                            sub(/^# created .*/, "# created " n, text)
                            print text >file
                        }
                        close(file)
                    }
                }' imgbased-Base-0.1.conf
                imgbase boot --install
                test $(imgbase boot --list | wc -l) = 2003
                """, within: .minutes(5))
            vm.cutPower()
            try vm.powerOn()
            let menu = try vm.menu()
            #expect(menu.highlighted?.hasPrefix("Base-0.1 ") == true)
            #expect(menu.names.dropFirst(3).first == "ovirt-node-ng-4.4.10-0.20220300.0.2000")
            try menu.boot()
            try vm.expectBooted("Base-0.1", on: "Base-0")
        }
    }
}

extension GRUBMenu {
    /// The first words of the titles: the layers' names.
    var names: [String] { titles.map { $0.split(separator: " ").first.map(String.init) ?? "" } }
}

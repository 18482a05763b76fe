import TestMachine
import Testing

/// What systemd-boot of Debian 12 (252) does with the layers' entries, as `imgbase` writes them today: nobody but
/// the tests has put them on the ESP.
@Suite struct SystemdBootTests {
    @Test("a layer's tries are counted in its file's name, down to the next layer; a good boot ends that")
    func bootCounting() throws {
        let path = #"\loader\entries\imgbased-Base-1.1+1-1.conf"#
        try Artefacts.machineForSystemdBoot("systemd-boot").run { vm in
            try vm.waitForGuest()
            try vm.turnIntoSystemdBootHost()
            // Two tries; nobody says that one of them was good.
            try vm.check(
                """
                cd /boot/loader/entries
                mv imgbased-Base-1.1.conf imgbased-Base-1.1+2.conf
                sed -i '/^options/s/$/ systemd.mask=systemd-bless-boot.service/' imgbased-Base-1.1+2.conf
                sync
                """)

            try vm.restartFromDisk()
            try vm.expectBooted("Base-1.1", on: "Base-1")
            #expect(try vm.entryFiles() == Self.files(third: "imgbased-Base-1.1+1-1.conf"))
            #expect(try vm.loaderVariable("LoaderBootCountPath") == path)
            #expect(try vm.loaderVariable("LoaderEntrySelected") == "imgbased-base-1.1+2.conf")
            try vm.bless("good", from: "indeterminate")
            #expect(try vm.entryFiles() == Self.files(third: "imgbased-Base-1.1.conf"))
            try vm.bless("indeterminate", from: "good")

            try vm.restartFromDisk()
            try vm.expectBooted("Base-1.1", on: "Base-1")
            let spent = Self.files(third: "imgbased-Base-1.1+0-2.conf")
            #expect(try vm.entryFiles() == spent)

            // It has no tries left. The next one is booted, whose name has no counter.
            try vm.restartFromDisk()
            try vm.expectBooted("Base-0.2", on: "Base-0")
            #expect(try vm.entryFiles() == spent)
            #expect(try vm.loaderVariable("LoaderBootCountPath") == nil)

            // Asked for by name it is booted nevertheless, once.
            try vm.check("bootctl set-oneshot imgbased-Base-1.1+0-2.conf && sync")
            try vm.restartFromDisk()
            try vm.expectBooted("Base-1.1", on: "Base-1")
            #expect(try vm.entryFiles() == Self.files(third: "imgbased-Base-1.1+0-3.conf"))
            #expect(try vm.loaderVariable("LoaderEntryOneShot") == nil)
        }
    }

    @Test("a default without tries left is still the default; a plus in a name is taken for a counter")
    func menu() throws {
        try Artefacts.machineForSystemdBoot("systemd-boot-menu").run { vm in
            try vm.waitForGuest()
            try vm.turnIntoSystemdBootHost()
            try vm.check(
                """
                cd /boot/loader/entries
                mv imgbased-Base-1.1.conf imgbased-Base-1.1+0-3.conf
                sed 's/^title.*/title plus/' imgbased-Base-0.1.conf >imgbased-node-4.5.1-1+1.conf
                echo 'default imgbased-base-1.1*' >>/boot/loader/loader.conf
                sync
                """)

            try vm.restartFromDisk()
            let menu = try vm.systemdBootMenu()
            let layers = menu.titles.dropLast().map { $0.split(separator: " ").first.map(String.init) }
            #expect(layers == ["plus", "Base-0.2", "Base-0.1", "Base-1.1"])
            #expect(menu.titles.last == "Reboot Into Firmware Interface")
            #expect(menu.highlighted?.hasPrefix("Base-1.1 ") == true)

            // systemd has blessed the boot: what it took for a counter is gone from the layer's name.
            try menu.boot("plus")
            try vm.expectBooted("Base-0.1", on: "Base-0")
            try vm.expect("good", from: Self.bless + " status")
            let counted = #"\loader\entries\imgbased-node-4.5.1-1+0-1.conf"#
            #expect(try vm.loaderVariable("LoaderBootCountPath") == counted)
            #expect(
                try vm.entryFiles()
                    == Self.files(third: "imgbased-Base-1.1+0-3.conf") + ["imgbased-node-4.5.1-1.conf"])

            // What the firmware's variables say comes before loader.conf, and looks at tries as little.
            try vm.check(
                """
                sed -i 's/^default.*/default imgbased-base-0.1.conf/' /boot/loader/loader.conf
                bootctl set-default imgbased-base-1.1+0-3.conf
                sync
                """)
            try vm.restartFromDisk()
            #expect(try vm.systemdBootMenu().highlighted?.hasPrefix("Base-1.1 ") == true)
        }
    }

    fileprivate static let bless = "/lib/systemd/systemd-bless-boot"

    private static func files(third: String) -> [String] {
        ["imgbased-Base-0.1.conf", "imgbased-Base-0.2.conf", third]
    }
}

extension VM {
    /// Expects that systemd-bless-boot knows this boot as `old`, and makes it `new`.
    fileprivate func bless(_ new: String, from old: String) throws {
        try expect(old, from: SystemdBootTests.bless + " status")
        try check(SystemdBootTests.bless + " " + new)
        try expect(new, from: SystemdBootTests.bless + " status")
    }
}

import Foundation
import ImgbasedCore
import ImgbasedHostCore
import Testing

/// The menu as the real GRUB reads it: `grub/layers.cfg` in a `grub.cfg`, and the menu of the entries.
@Suite struct GRUBMenuTests {
    @Test(
        .enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")),
        arguments: [
            (GRUBBoot.record(), "Base-0.2 best"), (GRUBBoot.record("Base-0.1"), "Base-0.1 default"),
            (GRUBBoot.record("Base-0.10"), "Base-0.10 default"),
            (GRUBBoot.record("Base-9.9"), "Base-0.2 best"),
            (GRUBBoot.record("Base-9.9", good: "Base-0.1"), "Base-0.1 good"),
            (GRUBBoot.record("Base-0.1", once: "Base-0.10"), "Base-0.10 once"),
            (GRUBBoot.record("Base-0.1", once: "Base-9.9"), "Base-0.1 default"),
            (GRUBBoot.record("Base-0.1", trial: "Base-0.10", tries: 3), "Base-0.10 trial"),
            (GRUBBoot.record("Base-0.1", trial: "Base-0.10", tries: 9), "Base-0.10 trial"),
            (GRUBBoot.record("Base-0.1", trial: "Base-0.10", tries: 1), "Base-0.10 trial"),
            (GRUBBoot.record("Base-0.1", trial: "Base-0.10", tries: 0), "Base-0.1 default"),
            (GRUBBoot.record("Base-0.1", once: "Base-0.2", trial: "Base-0.10"), "Base-0.2 once"),
            (GRUBBoot.record("Base-0.10", trial: "Base-0.10", tries: 0, good: "Base-0.1"), "Base-0.1 good"),
            (GRUBBoot.record("Base-0.10", trial: "Base-0.10", tries: 0), "Base-0.2 best"),
            (GRUBBoot.record("Base-0.1", trial: "Base-9.9"), "Base-0.1 default"),
            (GRUBBoot.record("Base-0.10", good: "Base-0.1"), "Base-0.10 default"),
            (GRUBBoot.record("Base-0.1", trial: "Base-0.10", good: "Base-0.2"), "Base-0.10 trial"),
        ] as [(BootRecord, String)])
    func choosesAsRecorded(record: BootRecord, choice: String) throws {
        let words = choice.split(separator: " ")
        let expected = BootChoice.order(record, GRUBBoot.entries).first
        #expect(expected?.layer == String(words[0]))
        #expect(expected?.reason.rawValue == String(words[1]))

        // The menu of all layers decides like the other menu.
        for (menu, copy) in [(GRUBBoot.menu, nil), (nil, GRUBBoot.menu)] as [(String?, String?)] {
            try expect(
                record, words,
                try GRUBBoot.boot(menu: menu, copy: copy, environment: GRUBBoot.environment(record)))
        }
    }

    private func expect(_ record: BootRecord, _ words: [Substring], _ booted: GRUBBoot.Booted) throws {
        #expect(booted.choice == "\(words[0]) rd.imgbased.reason=\(words[1])", "\(booted.all)")
        let isTrial = words[1] == "trial"
        let fallback = record.good == String(words[0]) ? nil : record.good
        #expect(
            booted.linux.filter { $0.hasPrefix("rd.imgbased.fallback=") }
                == (isTrial ? [] : fallback.map { ["rd.imgbased.fallback=\($0)"] } ?? []))
        for word in ["panic=10", "rd.shell=0", "rd.emergency=reboot", "systemd.crash_reboot=1"] {
            #expect(booted.linux.contains(word) == isTrial)
        }
        // The record already lacks everything that the next boot must not repeat.
        var left = record
        left.once = nil
        if isTrial { left.trial?.triesLeft -= 1 }
        #expect(booted.record == left, "\(booted.all)")
    }

    @Test(
        .enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")),
        arguments: [
            (GRUBBoot.record("Base-0.1", once: "Base-0.10"), "Base-0.1"),
            (GRUBBoot.record("Base-0.1", trial: "Base-0.10", tries: 3), "Base-0.1"),
            // A new kernel of the old layer.
            (GRUBBoot.record("Base-0.10", trial: "Base-0.10", tries: 3, good: "Base-0.10"), "Base-0.10"),
            (GRUBBoot.record("Base-0.10", trial: "Base-0.10", tries: 3, good: "Base-0.1"), "Base-0.1"),
            // Only that layer is no longer tried.
            (GRUBBoot.record("Base-0.1", once: "Base-0.2", trial: "Base-0.10", tries: 3), "Base-0.1"),
        ] as [(BootRecord, String)])
    func whatCannotBeWrittenIsNotTried(record: BootRecord, layer: String) throws {
        var environment = GRUBEnvironment(GRUBBoot.environment(record))
        // A boot that cannot be recorded would be repeated forever. The block has no room for another
        // variable.
        environment["imgbased_once"] = record.once
        environment["x"] = ""
        var block = try #require(environment.block)
        let end = try #require(block.lastIndex { $0 != UInt8(ascii: "#") })
        block = block[..<end] + Array(repeating: UInt8(ascii: "x"), count: block.count - end - 1) + [10]
        // Nor can GRUB change a line of a block like this.
        if record.once != nil { block = Array(block.prefix(300)) }
        for menu in [GRUBBoot.menu, nil] {
            let booted = try GRUBBoot.boot(menu: menu, copy: GRUBBoot.menu, environment: block)
            #expect(booted.choice == "\(layer) rd.imgbased.reason=fallback", "\(booted.all)")
            #expect(!booted.linux.contains("panic=10"))
        }
    }

    @Test(
        .enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")),
        arguments: [
            // The newest good layer, if the record is damaged.
            (nil, "Base-0.2"), ([], "Base-0.2"), (Array(repeating: 0xFF, count: 1024), "Base-0.2"),
            (Array(repeating: 0, count: 1024), "Base-0.2"),
            (Array(GRUBBoot.environment("Base-0.1").prefix(300)), "Base-0.1"),
            (Array("# GRUB Environment Block\nimgbased_default=$x'\"`\n".utf8), "Base-0.2"),
            (Array("# GRUB Environment Block\nimgbased_good=x init=/bin/sh\n".utf8), "Base-0.2"),
            (
                Array("# GRUB Environment Block\nimgbased_trial=Base-0.10\nimgbased_tries=99\n".utf8),
                "Base-0.2"
            ),
            // Only known variables are taken from the block.
            (
                Array(
                    "# GRUB Environment Block\nprefix=(hd9)/x\ndefault=foreign\nimgbased_default=Base-0.1\n"
                        .utf8), "Base-0.1"
            ),
        ] as [([UInt8]?, String)])
    func bootsWithADamagedRecord(environment: [UInt8]?, layer: String) throws {
        let booted = try GRUBBoot.boot(menu: GRUBBoot.menu, environment: environment)
        #expect(
            booted.linux.prefix(2) == ["(hd0)/imgbased/abc/linux", "root=/dev/HostVG/\(layer)"],
            "\(booted.all)")
        #expect(booted.initrd == "(hd0)/imgbased/abc/initrd")
        #expect(booted.linux.count == 3)
    }

    @Test(
        .enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")),
        arguments: [nil, "", "menuentry 'x {", "}}}", "\u{0}\u{1}\u{2}"] as [String?])
    func withoutAMenuTheRestStays(menu: String?) throws {
        for copy in [nil, menu] {
            let booted = try GRUBBoot.boot(
                menu: menu, copy: copy, loads: false, environment: GRUBBoot.environment("Base-0.1"))
            #expect(booted.isForeign, "\(booted.all)")
        }
    }

    /// With a password set, GRUB asks for it before entries not marked for all users.
    ///
    /// In an unattended boot, no person can type it.
    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func aPasswordKeepsNoLayerFromBooting() throws {
        let password = "set superusers=root\npassword root secret"
        let booted = try GRUBBoot.boot(
            menu: GRUBBoot.menu, environment: GRUBBoot.environment("Base-0.1"), before: password)
        #expect(booted.linux.contains("root=/dev/HostVG/Base-0.1"), "\(booted.all)")
        let damaged = try GRUBBoot.boot(
            menu: nil, environment: GRUBBoot.environment("Base-0.1"), before: password)
        #expect(damaged.linux.contains("root=/dev/HostVG/Base-0.1"), "\(damaged.all)")
    }

    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func findsBootAsPartOfTheRoot() throws {
        let booted = try GRUBBoot.boot(menu: GRUBBoot.menu, environment: nil, prefix: "/boot/grub")
        #expect(booted.linux.first == "(hd0)/boot/imgbased/abc/linux")
    }

    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func grubRebootStands() throws {
        let booted = try GRUBBoot.boot(
            menu: GRUBBoot.menu, environment: GRUBBoot.environment("Base-0.1"),
            before: "set default=foreign\nset boot_once=true")
        #expect(booted.isForeign, "\(booted.all)")
    }

    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func noTimeIsNotForEver() throws {
        let booted = try GRUBBoot.boot(
            menu: GRUBBoot.menu, environment: nil, before: "unset timeout")
        #expect(booted.choice == "Base-0.2 rd.imgbased.reason=best")
    }

    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func noTitleOrArgumentIsScript() throws {
        let words = ["a=it's", "b=$prefix", "c=`echo`", "d={}[];|&<>", "e=\\", "f=\"x y\"", "g=*?~#", "h=é"]
        let title = "Base-0.1 ('\"$prefix`\\{};| \u{1B}[2J\n}\nmenuentry evil {)"
        let menu = GRUBMenu.full([GRUBBoot.entry("Base-0.1", title: title, words: words)], prefix: "")
        let booted = try GRUBBoot.boot(menu: menu, environment: nil)
        let expected = ["(hd0)/imgbased/abc/linux", "root=/dev/HostVG/Base-0.1"]
        let literal = words.map { $0.filter { $0 != "\"" } }
        #expect(booted.linux == expected + literal + ["rd.imgbased.reason=best"], "\(booted.all)")
    }

    @Test(.enabled(if: Helper.exists("/usr/bin/grub-script-check"), "there is no grub-script-check"))
    func menusAreScript() throws {
        let scratch = try Scratch()
        for layers in [[], ["Base-0.1"], ["Base-0.1", "node-4.5.1-1+1"]] {
            let entries = layers.map { GRUBBoot.entry($0) }
            for menu in [GRUBMenu.full(entries, prefix: ""), GRUBMenu.loader(entries, prefix: "")] {
                try Helper.run("/usr/bin/grub-script-check", scratch.write("menu", menu.utf8))
            }
        }
    }

    @Test(
        .enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")),
        arguments: [
            (GRUBBoot.record("Base-0.1"), ["Base-0.1"], "Base-0.2"),
            (GRUBBoot.record("Base-0.1", good: "Base-0.10"), ["Base-0.1"], "Base-0.10"),
            (GRUBBoot.record("Base-0.1", good: "Base-0.10"), ["Base-0.1", "Base-0.10"], "Base-0.2"),
            (
                GRUBBoot.record("Base-0.10", once: "Base-0.2", good: "Base-0.1"), ["Base-0.2", "Base-0.10"],
                "Base-0.1"
            ),
            (GRUBBoot.record(), ["Base-0.2", "Base-0.1"], "Base-0.10"),
        ] as [(BootRecord, [String], String)])
    func whatCannotBeLoadedGivesWay(record: BootRecord, missing: [String], layer: String) throws {
        // The last pair has no menu at all.
        for (menu, copy) in [(GRUBBoot.menu, nil), (nil, GRUBBoot.menu), (nil, nil)] as [(String?, String?)] {
            let booted = try GRUBBoot.boot(
                menu: menu, copy: copy, environment: GRUBBoot.environment(record), missing: missing)
            #expect(booted.choice == "\(layer) rd.imgbased.reason=fallback", "\(booted.all)")
            #expect(booted.record.once == nil)
        }
    }

    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func rescueWritesNothing() throws {
        let record = GRUBBoot.record("Base-0.1", trial: "Base-0.10", good: "Base-0.1")
        for copy in [GRUBBoot.menu, nil] {
            let booted = try GRUBBoot.boot(
                menu: GRUBBoot.menu, copy: copy, environment: GRUBBoot.environment(record),
                before: "set boot_once=true\nset default='imgbased-rescue>imgbased-Base-0.10'")
            #expect(booted.linux.dropFirst().first == "root=/dev/HostVG/Base-0.10", "\(booted.all)")
            #expect(Array(booted.linux.dropFirst(2)) == BootArguments.rescue + ["rd.imgbased.reason=rescue"])
            #expect(booted.record == record)
        }
    }

    /// Until a layer has come up, the host's former default stays, at any position in the menu.
    @Test(
        .enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")),
        arguments: ["", "set default=foreign", "set default=2", "set default='0>1'"])
    func leavesTheDefault(default setting: String) throws {
        var record = GRUBBoot.record(trial: "Base-0.10", tries: 1)
        record.leavesDefault = true
        let files = [
            "/grub/imgbased.cfg": GRUBBoot.menu, "/imgbased/menu.cfg": GRUBBoot.menu,
            "/imgbased/load.cfg": GRUBBoot.loader,
        ].mapValues { Array($0.utf8) }
        let menus = [files, files.filter { $0.key == "/imgbased/load.cfg" }]
        // Without a menu of ours, positions of other entries are as before.
        let after = setting.hasSuffix("2") ? "menuentry A { true; }\nmenuentry B { true; }\n" : ""
        let nested =
            setting.hasSuffix("'")
            ? "submenu S { menuentry C { true; }\nmenuentry F { echo FOREIGN; exit; }\n }\n" : ""
        for files in menus {
            var booted = try GRUBBoot.boot(
                files: files, environment: GRUBBoot.environment(record), before: setting,
                after: nested + after)
            #expect(booted.choice == "Base-0.10 rd.imgbased.reason=trial", "\(booted.all)")
            #expect(booted.record.trial?.triesLeft == 0)
            // A layer that cannot be loaded gives way as well.
            booted = try GRUBBoot.boot(
                files: files, environment: GRUBBoot.environment(record), before: setting,
                after: nested + after,
                missing: ["Base-0.10"])
            #expect(booted.isForeign, "\(booted.all)")
        }
        record.trial?.triesLeft = 0
        let booted = try GRUBBoot.boot(
            files: files, environment: GRUBBoot.environment(record), before: setting, after: nested + after)
        #expect(booted.isForeign, "\(booted.all)")
        // A layer that has come up is the default, whatever else is recorded.
        record.good = "Base-0.1"
        var environment = GRUBEnvironment(GRUBBoot.environment(record))
        environment["imgbased_besides"] = "1"
        let good = try GRUBBoot.boot(files: files, environment: environment.block, before: setting)
        #expect(good.choice == "Base-0.1 rd.imgbased.reason=good", "\(good.all)")
    }

    /// As many layers as possible, with long names: GRUB stops at a word of 8 KiB.
    ///
    /// Recorded layers boot from anywhere: if a layer is not in the menu itself, the menu of all layers is
    /// read.
    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func manyLayersWithLongNames() throws {
        let stem = "ovirt-node-ng-4.4.10-0.20220300.0.el8+"
        let entries = (1...2000).map { number in
            var entry = GRUBBoot.entry(stem + "\(number)", words: ["ro", "quiet"])
            entry.created = Int64(number)
            entry.health = number == 7 ? .good : .unknown
            return entry
        }
        let full = GRUBMenu.full(entries, prefix: "")
        let files = [
            "/grub/imgbased.cfg": GRUBMenu.text(entries, BootRecord(defaultLayer: stem + "5"), prefix: ""),
            "/imgbased/menu.cfg": full, "/imgbased/load.cfg": GRUBMenu.loader(entries, prefix: ""),
        ]
        let scratch = try Scratch()
        for text in files.values {
            try Helper.run("/usr/bin/grub-script-check", scratch.write("menu", text.utf8))
        }
        #expect(files["/grub/imgbased.cfg"].map { $0.utf8.count < full.utf8.count / 10 } == true)
        func boot(
            _ record: BootRecord, without: [String] = [], before: String = "", missing: [String] = []
        ) throws -> GRUBBoot.Booted {
            try GRUBBoot.boot(
                files: files.filter { !without.contains($0.key) }.mapValues { Array($0.utf8) },
                environment: GRUBBoot.environment(record), before: before, missing: missing)
        }
        let cases: [(BootRecord, String)] = [
            (GRUBBoot.record(), "7 rd.imgbased.reason=best"),
            (GRUBBoot.record(stem + "5"), "5 rd.imgbased.reason=default"),
            (GRUBBoot.record(stem + "1"), "1 rd.imgbased.reason=default"),
            (GRUBBoot.record(stem + "5", once: stem + "1234"), "1234 rd.imgbased.reason=once"),
            (GRUBBoot.record(stem + "5", trial: stem + "2000"), "2000 rd.imgbased.reason=trial"),
            (GRUBBoot.record("gone+1", good: stem + "1999"), "1999 rd.imgbased.reason=good"),
            // A dot for a plus is another layer.
            (GRUBBoot.record(stem.dropLast() + ".2"), "7 rd.imgbased.reason=best"),
        ]
        for (record, choice) in cases {
            for without in [[], ["/grub/imgbased.cfg"]] {
                let booted = try boot(record, without: without)
                #expect(booted.choice == stem + choice, "\(booted.all)")
            }
        }
        // If the menu of all layers is lost, the other menu must do.
        var booted = try boot(GRUBBoot.record(stem + "1", good: stem + "5"), without: ["/imgbased/menu.cfg"])
        #expect(booted.choice == stem + "5 rd.imgbased.reason=good", "\(booted.all)")
        // Each layer is in a submenu.
        for submenu in ["imgbased-all", "imgbased-rescue"] {
            booted = try boot(
                GRUBBoot.record(stem + "5"),
                before: "set boot_once=true\nset default='\(submenu)>imgbased-\(stem)1000'")
            #expect(booted.choice?.hasPrefix(stem + "1000 ") == true, "\(booted.all)")
        }
        booted = try boot(GRUBBoot.record(stem + "5"), missing: [stem + "5", stem + "7"])
        #expect(booted.choice == stem + "2000 rd.imgbased.reason=fallback", "\(booted.all)")
    }
}

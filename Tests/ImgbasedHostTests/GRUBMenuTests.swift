import Foundation
import ImgbasedCore
import Testing

/// The menu as the real GRUB reads it: `grub/09_imgbased` within a `grub.cfg`, and the menu derived from entries.
/// The emulator has no `linux` command; functions of that name say what they were given.
@Suite struct GRUBMenuTests {
    private static var script: String {
        get throws {
            let root = (#filePath as NSString).deletingLastPathComponent + "/../.."
            return try Helper.run("/bin/sh", root + "/grub/09_imgbased")
        }
    }

    /// What GRUB boots unattended, as the functions said it.
    private struct Booted {
        var linux: [String]
        var initrd: String?
        var isForeign: Bool
        var all: String
        /// What is recorded afterwards.
        var record: BootRecord

        /// The layer and why, as it is told to the helper.
        var choice: String? {
            guard let root = linux.first(where: { $0.hasPrefix("root=") }), let reason = linux.last else {
                return nil
            }
            return root.dropFirst("root=/dev/HostVG/".count) + " " + reason
        }
    }

    private static func entry(_ layer: String, title: String? = nil, words: [String] = []) -> BootEntry {
        var options = BootArguments("")
        options.words = ["root=/dev/HostVG/\(layer)"] + words
        return BootEntry(
            layer: layer, title: title ?? layer, version: "6.1", linux: "/imgbased/abc/linux",
            initrd: "/imgbased/abc/initrd", options: options,
            created: Int64((try? LayerName(layer))?.number ?? 0))
    }

    private func boot(
        menu: String?, environment: [UInt8]?, prefix: String = "/grub", before: String = "",
        after: String = ""
    ) throws -> Booted {
        let scratch = try Scratch()
        let directory = "fs" + prefix
        let config = """
            function linux { for word in "$@"; do echo "<$word>"; done; }
            function initrd { echo "INITRD<$1>"; echo DONE; exit; }
            set timeout=0
            set default=0
            \(before)
            \(try GRUBMenuTests.script)
            \(after)
            menuentry 'Foreign' --id foreign { echo FOREIGN; exit; }

            """
        let grubConfig = try scratch.write(directory + "/grub.cfg", config.utf8)
        try Helper.run("/usr/bin/grub-script-check", grubConfig)
        if let menu { try scratch.write(directory + "/imgbased.cfg", menu.utf8) }
        if let environment { try scratch.write(directory + "/imgbased.env", environment) }
        let (text, block) = try GRUBEmulator.run(scratch("fs"), prefix: prefix)
        let lines = text.split(separator: "\n").map(String.init)
        return Booted(
            linux: lines.filter { $0.hasPrefix("<") }.map { String($0.dropFirst().dropLast()) },
            initrd: lines.first { $0.hasPrefix("INITRD<") }.map { String($0.dropFirst(7).dropLast()) },
            isForeign: lines.contains { $0.contains("FOREIGN") }, all: text,
            record: BootRecord(GRUBEnvironment(block)))
    }

    /// Three layers, the two older ones known to have come up.
    private static let entries = ["Base-0.1", "Base-0.2", "Base-0.10"].map {
        var entry = entry($0)
        entry.health = $0 == "Base-0.10" ? .unknown : .good
        return entry
    }
    private static let menu = GRUBMenu.text(entries, prefix: "")

    private static func environment(_ layer: String) -> [UInt8] {
        var record = BootRecord()
        record.standard = layer
        return environment(record)
    }

    private static func environment(_ record: BootRecord) -> [UInt8] {
        var environment = GRUBEnvironment()
        record.write(to: &environment)
        return environment.block ?? []
    }

    private static func record(
        _ standard: String? = nil, once: String? = nil, trial: String? = nil, tries: Int = 3,
        good: String? = nil
    ) -> BootRecord {
        var record = BootRecord()
        record.standard = standard
        record.once = once
        record.trial = trial.map { BootRecord.Trial(layer: $0, tries: 9) }
        record.trial?.triesLeft = tries
        record.good = good
        return record
    }

    @Test(
        .enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")),
        arguments: [
            (record(), "Base-0.2 best"), (record("Base-0.1"), "Base-0.1 default"),
            (record("Base-0.10"), "Base-0.10 default"), (record("Base-9.9"), "Base-0.2 best"),
            (record("Base-9.9", good: "Base-0.1"), "Base-0.1 good"),
            (record("Base-0.1", once: "Base-0.10"), "Base-0.10 once"),
            (record("Base-0.1", once: "Base-9.9"), "Base-0.1 default"),
            (record("Base-0.1", trial: "Base-0.10", tries: 3), "Base-0.10 trial"),
            (record("Base-0.1", trial: "Base-0.10", tries: 9), "Base-0.10 trial"),
            (record("Base-0.1", trial: "Base-0.10", tries: 1), "Base-0.10 trial"),
            (record("Base-0.1", trial: "Base-0.10", tries: 0), "Base-0.1 default"),
            (record("Base-0.1", once: "Base-0.2", trial: "Base-0.10"), "Base-0.2 once"),
            (record("Base-0.10", trial: "Base-0.10", tries: 0, good: "Base-0.1"), "Base-0.1 good"),
            (record("Base-0.10", trial: "Base-0.10", tries: 0), "Base-0.2 best"),
            (record("Base-0.1", trial: "Base-9.9"), "Base-0.1 default"),
            (record("Base-0.10", good: "Base-0.1"), "Base-0.10 default"),
            (record("Base-0.1", trial: "Base-0.10", good: "Base-0.2"), "Base-0.10 trial"),
        ] as [(BootRecord, String)])
    func choosesAsRecorded(record: BootRecord, choice: String) throws {
        let words = choice.split(separator: " ")
        let expected = BootChoice.order(record, GRUBMenuTests.entries).first
        #expect(expected?.layer == String(words[0]))
        #expect(expected?.reason.rawValue == String(words[1]))

        let booted = try boot(
            menu: GRUBMenuTests.menu, environment: GRUBMenuTests.environment(record))
        #expect(booted.choice == "\(words[0]) rd.imgbased.reason=\(words[1])", "\(booted.all)")
        let isTrial = words[1] == "trial"
        let fallback = record.good == String(words[0]) ? nil : record.good
        #expect(
            booted.linux.filter { $0.hasPrefix("rd.imgbased.fallback=") }
                == (isTrial ? [] : fallback.map { ["rd.imgbased.fallback=\($0)"] } ?? []))
        for word in ["panic=10", "rd.shell=0", "rd.emergency=reboot", "systemd.crash_reboot=1"] {
            #expect(booted.linux.contains(word) == isTrial)
        }
        // What the next boot must not find again is gone already.
        var left = record
        left.once = nil
        if isTrial { left.trial?.triesLeft -= 1 }
        #expect(booted.record == left, "\(booted.all)")
    }

    @Test(
        .enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")),
        arguments: [
            (record("Base-0.1", once: "Base-0.10"), "Base-0.1"),
            (record("Base-0.1", trial: "Base-0.10", tries: 3), "Base-0.1"),
            // A new kernel of the layer there is.
            (record("Base-0.10", trial: "Base-0.10", tries: 3, good: "Base-0.10"), "Base-0.10"),
            (record("Base-0.10", trial: "Base-0.10", tries: 3, good: "Base-0.1"), "Base-0.1"),
            // Only that is not tried any more.
            (record("Base-0.1", once: "Base-0.2", trial: "Base-0.10", tries: 3), "Base-0.1"),
        ] as [(BootRecord, String)])
    func whatCannotBeWrittenIsNotTried(record: BootRecord, layer: String) throws {
        var environment = GRUBEnvironment(GRUBMenuTests.environment(record))
        // A boot that cannot be recorded would be repeated for ever. There is no room for another variable.
        environment["imgbased_once"] = record.once
        environment["x"] = ""
        var block = try #require(environment.block)
        let end = try #require(block.lastIndex { $0 != UInt8(ascii: "#") })
        block = block[..<end] + Array(repeating: UInt8(ascii: "x"), count: block.count - end - 1) + [10]
        // A line that GRUB cannot change either.
        if record.once != nil { block = Array(block.prefix(300)) }
        let booted = try boot(menu: GRUBMenuTests.menu, environment: block)
        #expect(booted.choice == "\(layer) rd.imgbased.reason=fallback", "\(booted.all)")
        #expect(!booted.linux.contains("panic=10"))
    }

    @Test(
        .enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")),
        arguments: [
            // The newest good layer, where the record is damaged.
            (nil, "Base-0.2"), ([], "Base-0.2"), (Array(repeating: 0xFF, count: 1024), "Base-0.2"),
            (Array(repeating: 0, count: 1024), "Base-0.2"),
            (Array(environment("Base-0.1").prefix(300)), "Base-0.1"),
            (Array("# GRUB Environment Block\nimgbased_default=$x'\"`\n".utf8), "Base-0.2"),
            (Array("# GRUB Environment Block\nimgbased_good=x init=/bin/sh\n".utf8), "Base-0.2"),
            (
                Array("# GRUB Environment Block\nimgbased_trial=Base-0.10\nimgbased_tries=99\n".utf8),
                "Base-0.2"
            ),
            // Nothing but what is known is taken from there.
            (
                Array(
                    "# GRUB Environment Block\nprefix=(hd9)/x\ndefault=foreign\nimgbased_default=Base-0.1\n"
                        .utf8), "Base-0.1"
            ),
        ] as [([UInt8]?, String)])
    func bootsWithADamagedRecord(environment: [UInt8]?, layer: String) throws {
        let booted = try boot(menu: GRUBMenuTests.menu, environment: environment)
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
        let booted = try boot(menu: menu, environment: GRUBMenuTests.environment("Base-0.1"))
        #expect(booted.isForeign, "\(booted.all)")
    }

    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func findsBootAsPartOfTheRoot() throws {
        let booted = try boot(menu: GRUBMenuTests.menu, environment: nil, prefix: "/boot/grub")
        #expect(booted.linux.first == "(hd0)/boot/imgbased/abc/linux")
    }

    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func grubRebootStands() throws {
        let booted = try boot(
            menu: GRUBMenuTests.menu, environment: GRUBMenuTests.environment("Base-0.1"),
            before: "set default=foreign\nset boot_once=true")
        #expect(booted.isForeign, "\(booted.all)")
    }

    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func noTimeIsNotForEver() throws {
        let booted = try boot(
            menu: GRUBMenuTests.menu, environment: nil, before: "unset timeout")
        #expect(booted.choice == "Base-0.2 rd.imgbased.reason=best")
    }

    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func noTitleOrArgumentIsScript() throws {
        let words = ["a=it's", "b=$prefix", "c=`echo`", "d={}[];|&<>", "e=\\", "f=\"x y\"", "g=*?~#", "h=é"]
        let title = "Base-0.1 ('\"$prefix`\\{};| \u{1B}[2J\n}\nmenuentry evil {)"
        let menu = GRUBMenu.text([GRUBMenuTests.entry("Base-0.1", title: title, words: words)], prefix: "")
        let booted = try boot(menu: menu, environment: nil)
        let expected = ["(hd0)/imgbased/abc/linux", "root=/dev/HostVG/Base-0.1"]
        let literal = words.map { $0.filter { $0 != "\"" } }
        #expect(booted.linux == expected + literal + ["rd.imgbased.reason=best"], "\(booted.all)")
    }

    @Test(.enabled(if: Helper.exists("/usr/bin/grub-script-check"), "there is no grub-script-check"))
    func menusAreScript() throws {
        let scratch = try Scratch()
        for entries in [[], ["Base-0.1"], ["Base-0.1", "node-4.5.1-1+1"]] {
            let menu = GRUBMenu.text(entries.map { GRUBMenuTests.entry($0) }, prefix: "")
            try Helper.run("/usr/bin/grub-script-check", scratch.write("menu", menu.utf8))
        }
    }
}

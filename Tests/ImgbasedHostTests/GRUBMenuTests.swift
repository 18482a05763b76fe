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
        let text = try GRUBEmulator.run(scratch("fs"), prefix: prefix)
        let lines = text.split(separator: "\n").map(String.init)
        return Booted(
            linux: lines.filter { $0.hasPrefix("<") }.map { String($0.dropFirst().dropLast()) },
            initrd: lines.first { $0.hasPrefix("INITRD<") }.map { String($0.dropFirst(7).dropLast()) },
            isForeign: lines.contains { $0.contains("FOREIGN") }, all: text)
    }

    private static let menu = GRUBMenu.text(
        ["Base-0.1", "Base-0.2", "Base-0.10"].map { entry($0) }, prefix: "")

    private static func environment(_ layer: String) -> [UInt8] {
        var environment = GRUBEnvironment()
        environment[GRUBEnvironment.defaultKey] = layer
        return environment.block ?? []
    }

    @Test(
        .enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")),
        arguments: [
            // The recorded layer; the newest, where there is no record, or one of a layer without an entry.
            (environment("Base-0.1"), "Base-0.1"), (environment("Base-0.10"), "Base-0.10"),
            (environment("Base-9.9"), "Base-0.10"), (nil, "Base-0.10"), ([], "Base-0.10"),
            (Array(repeating: 0xFF, count: 1024), "Base-0.10"),
            (Array(repeating: 0, count: 1024), "Base-0.10"),
            (Array(environment("Base-0.1").prefix(300)), "Base-0.1"),
            (Array("# GRUB Environment Block\nimgbased_default=$x'\"`\n".utf8), "Base-0.10"),
            // Nothing but what is known is taken from there.
            (
                Array(
                    "# GRUB Environment Block\nprefix=(hd9)/x\ndefault=foreign\nimgbased_default=Base-0.2\n"
                        .utf8), "Base-0.2"
            ),
        ] as [([UInt8]?, String)])
    func bootsTheDefault(environment: [UInt8]?, layer: String) throws {
        let booted = try boot(menu: GRUBMenuTests.menu, environment: environment)
        #expect(booted.linux == ["(hd0)/imgbased/abc/linux", "root=/dev/HostVG/\(layer)"], "\(booted.all)")
        #expect(booted.initrd == "(hd0)/imgbased/abc/initrd")
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
        #expect(booted.linux.count == 2)
    }

    @Test(.enabled(if: GRUBEmulator.missing == nil, Comment(rawValue: GRUBEmulator.missing ?? "")))
    func noTitleOrArgumentIsScript() throws {
        let words = ["a=it's", "b=$prefix", "c=`echo`", "d={}[];|&<>", "e=\\", "f=\"x y\"", "g=*?~#", "h=é"]
        let title = "Base-0.1 ('\"$prefix`\\{};| \u{1B}[2J\n}\nmenuentry evil {)"
        let menu = GRUBMenu.text([GRUBMenuTests.entry("Base-0.1", title: title, words: words)], prefix: "")
        let booted = try boot(menu: menu, environment: nil)
        let expected = ["(hd0)/imgbased/abc/linux", "root=/dev/HostVG/Base-0.1"]
        #expect(booted.linux == expected + words.map { $0.filter { $0 != "\"" } }, "\(booted.all)")
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

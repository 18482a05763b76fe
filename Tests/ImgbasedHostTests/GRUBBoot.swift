import Foundation
import ImgbasedCore
import ImgbasedHostCore

/// A boot by the real GRUB: `grub/layers.cfg` within a `grub.cfg`, with our files.
///
/// The emulator has no `linux` command: functions of that name print their arguments.
enum GRUBBoot {
    static var script: String {
        get throws {
            let root = (#filePath as NSString).deletingLastPathComponent + "/../.."
            return try String(contentsOfFile: root + "/grub/layers.cfg", encoding: .utf8)
        }
    }

    /// GRUB's unattended boot, as printed by the functions.
    struct Booted {
        /// The words of the last kernel that was loaded.
        var linux: [String]
        var initrd: String?
        var isForeign: Bool
        var all: String
        /// The record after the boot.
        var record: BootRecord

        /// The layer and the reason, as the helper is told.
        var choice: String? {
            guard let root = linux.first(where: { $0.hasPrefix("root=") }), let reason = linux.last,
                initrd != nil
            else { return nil }
            return root.dropFirst("root=/dev/HostVG/".count) + " " + reason
        }
    }

    static func entry(_ layer: String, title: String? = nil, words: [String] = []) -> BootEntry {
        var options = BootArguments("")
        options.words = ["root=/dev/HostVG/\(layer)"] + words
        return BootEntry(
            layer: layer, title: title ?? layer, version: "6.1", linux: "/imgbased/abc/linux",
            initrd: "/imgbased/abc/initrd", options: options,
            created: Int64((try? LayerName(layer))?.number ?? 0))
    }

    /// Boots with these files. The kernels of the layers in `missing` do not exist.
    static func boot(
        menu: String?, copy: String? = nil, loads: Bool = true, environment: [UInt8]?,
        prefix: String = "/grub", before: String = "",
        after: String = "", missing: [String] = []
    ) throws -> Booted {
        var files: [String: [UInt8]] = [:]
        files[prefix + "/imgbased.cfg"] = menu.map { Array($0.utf8) }
        files[prefix + "/../imgbased/menu.cfg"] = copy.map { Array($0.utf8) }
        files[prefix + "/../imgbased/load.cfg"] = loads ? Array(loader.utf8) : nil
        return try boot(
            files: files, environment: environment, prefix: prefix, before: before, after: after,
            missing: missing)
    }

    static func boot(
        files: [String: [UInt8]], environment: [UInt8]?, prefix: String = "/grub", before: String = "",
        after: String = "", missing: [String] = []
    ) throws -> Booted {
        let scratch = try Scratch()
        let directory = "fs" + prefix
        let config = """
            function linux {
              echo LINUX
              for word in "$@"; do echo "<$word>"; done
              set loaded=
              for layer in \(missing.joined(separator: " ")) none; do
                if [ "$2" = "root=/dev/HostVG/${layer}" ]; then return 1; fi
              done
              set loaded=1
            }
            function initrd {
              if [ -z "${loaded}" ]; then return 1; fi
              echo "INITRD<$1>"
              # Commands that a damaged menu runs while it is read boot nothing.
              if [ -n "${chosen}" ]; then echo DONE; exit; fi
            }
            set timeout=0
            set default=0
            \(before)
            \(try script)
            \(after)
            menuentry 'Foreign' --id foreign { echo FOREIGN; exit; }

            """
        let grubConfig = try scratch.write(directory + "/grub.cfg", config.utf8)
        try Helper.run("/usr/bin/grub-script-check", grubConfig)
        for (path, contents) in files { try scratch.write("fs" + path, contents) }
        if let environment { try scratch.write(directory + "/imgbased.env", environment) }
        let (text, block) = try GRUBEmulator.run(scratch("fs"), prefix: prefix)
        let last = text.components(separatedBy: "LINUX\n").last ?? ""
        let lines = last.split(separator: "\n").map(String.init)
        return Booted(
            linux: lines.filter { $0.hasPrefix("<") }.map { String($0.dropFirst().dropLast()) },
            initrd: lines.first { $0.hasPrefix("INITRD<") }.map { String($0.dropFirst(7).dropLast()) },
            isForeign: lines.contains { $0.contains("FOREIGN") }, all: text,
            record: BootRecord(GRUBEnvironment(block)))
    }

    /// Three layers, the two older ones known to be good.
    static let entries = ["Base-0.1", "Base-0.2", "Base-0.10"].map {
        var entry = entry($0)
        entry.health = $0 == "Base-0.10" ? .unknown : .good
        return entry
    }
    static let menu = GRUBMenu.full(entries, prefix: "")
    static let loader = GRUBMenu.loader(entries, prefix: "")

    static func environment(_ layer: String) -> [UInt8] {
        var record = BootRecord()
        record.defaultLayer = layer
        return environment(record)
    }

    static func environment(_ record: BootRecord) -> [UInt8] {
        var environment = GRUBEnvironment()
        record.write(to: &environment)
        return environment.block ?? []
    }

    static func record(
        _ defaultLayer: String? = nil, once: String? = nil, trial: String? = nil, tries: Int = 3,
        good: String? = nil
    ) -> BootRecord {
        var record = BootRecord()
        record.defaultLayer = defaultLayer
        record.once = once
        record.trial = trial.map { BootRecord.Trial(layer: $0, tries: 9) }
        record.trial?.triesLeft = tries
        record.good = good
        return record
    }
}

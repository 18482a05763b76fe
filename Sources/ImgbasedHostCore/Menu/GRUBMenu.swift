import ImgbasedCore

/// What a GRUB without `blscfg` needs: the entries as GRUB script. Derived from the entries' files alone.
///
/// There are three of them, in two directories and never written at once: the menu, which `grub/09_imgbased` reads at each
/// boot; the menu with all layers, which it reads where the first is not whole, where what is recorded is only there, and for
/// submenus; and what loads a layer in another's place. GRUB takes long for thousands of entries, so the first has those of
/// some layers only (`shown`): what a boot costs does not grow with layers.
///
/// Each begins with the line that makes it an environment block (grub-core/lib/envblk.c), to GRUB script a comment, and
/// has variables in its second line and its last: GRUB compares them before it runs anything of it. What stands between is
/// counted as it is understood, and run by parts: what was not read to its end is not run.
public struct GRUBMenu {
    /// The names of the menu that has all layers and of what loads layers, in `/boot/imgbased`.
    public static let (fullName, loaderName) = ("menu.cfg", "load.cfg")

    /// So many layers, the newest, are in the menu itself.
    static let shownLayers = 32

    /// Those that GRUB can read, the newest first.
    let entries: [BootEntry]
    private let prefix: String

    /// The menu of `entries`, or, where these are many, of the newest and those that `record` says are booted.
    ///
    /// It is sourced by `grub/09_imgbased`, which sets `imgbased_boot` to where `/boot` is for GRUB, and boots the
    /// entry that `imgbased_choice` then names.
    ///
    /// - Parameter prefix: the path of `/boot` in its own file system, which paths in entries begin with.
    public static func text(_ entries: [BootEntry], _ record: BootRecord, prefix: String) -> String {
        let menu = GRUBMenu(entries, prefix: prefix)
        return menu.text(menu.shown(record))
    }

    /// The menu of all `entries`.
    public static func full(_ entries: [BootEntry], prefix: String) -> String {
        let menu = GRUBMenu(entries, prefix: prefix)
        return menu.text(menu.entries)
    }

    /// What entries source where their layer cannot be loaded: the layers once more, the healthy ones first.
    public static func loader(_ entries: [BootEntry], prefix: String) -> String {
        GRUBMenu(entries, prefix: prefix).loader
    }

    /// What names the entry of `layer` in GRUB's `default`. Not the bare name: one that begins with a digit
    /// would be taken for a position.
    public static func identifier(of layer: String) -> String {
        "imgbased-" + layer
    }

    /// `word` as GRUB script takes it literally, whatever is in it: within single quotes nothing is special but
    /// the quote itself (grub-core/script/yylex.l). The end of a line has no place in a menu.
    public static func quoted(_ word: String) -> String {
        word.withoutControls.singleQuoted
    }

    /// GRUB stops for good at a word of 8192 bytes (YYLMAX of flex, which yylex.l is for).
    private static let longestWord = 8000
    private static let longestTitle = 200
    private static let partLength = 32

    /// The menu of `entries`, where `/boot` is at `prefix` in its own file system.
    init(_ entries: [BootEntry], prefix: String) {
        self.entries = entries.sorted(by: BootEntry.isNewer(_:than:)).filter(GRUBMenu.isPossible)
        self.prefix = prefix
    }

    /// Whether GRUB can read `entry`: one that it cannot is left out, not in the way of the others.
    private static func isPossible(_ entry: BootEntry) -> Bool {
        let (kernel, initial) = entry.options.unquotedParts
        return ([entry.linux, entry.initrd] + kernel + initial).allSatisfy {
            quoted($0).utf8.count <= longestWord
        }
    }

    /// The entries that the menu has. GRUB itself changes nothing of what says which these are.
    private func shown(_ record: BootRecord) -> [BootEntry] {
        guard entries.count > GRUBMenu.shownLayers else { return entries }
        var layers = Set(entries.prefix(GRUBMenu.shownLayers).map(\.layer))
        layers.formUnion([record.defaultLayer, record.good].compactMap { $0 })
        layers.formUnion(GRUBMenu.newest(entries[...]).compactMap { $0 })
        return entries.filter { layers.contains($0.layer) }
    }

    private func text(_ shown: [BootEntry]) -> String {
        let parts = GRUBMenu.parts(shown)
        let isAll = shown.count == entries.count
        let newest = Set(shown.prefix(GRUBMenu.shownLayers).map(\.layer))
        // A whole entry counts by itself: one that a lost sector has taken along is missed. Those that only name their layer count
        // by parts, since each count takes GRUB time.
        let texts = parts.flatMap { part in
            let whole = part.filter { !isAll || newest.contains($0.layer) }
            let rest = part.dropFirst(whole.count).flatMap(shortEntry)
            return whole.map(menuEntry) + (rest.isEmpty ? [] : [rest])
        }
        let submenus = entries.isEmpty ? [] : (isAll ? [] : [GRUBMenu.all]) + [GRUBMenu.rescue]
        var file = GRUBFile(
            [GRUBScript.head] + parts.flatMap { $0.map(\.health.rawValue) } + texts.joined() + submenus)
        file.add(functions: GRUBScript.head)
        file.add("if [ -z \"${imgbased_inside}\" ]; then imgbased_recall; fi")
        for part in parts {
            let words = [part.map(\.layer).joined(separator: " ")] + GRUBMenu.newest(part).map { $0 ?? "" }
            file.add(counted: "imgbased_part", words.map(GRUBMenu.quoted))
        }
        if !isAll {
            file.add(
                "if imgbased_elsewhere \(file.mark); then source \"${imgbased_boot}/imgbased/\(GRUBMenu.fullName)\"; fi"
            )
        }
        for text in texts { file.add(counted: text) }
        // What there is besides layers comes behind our entries; the positions are those of menus that people look at.
        let added = shown.count + submenus.count
        let positions = (0..<32).map { "\($0):\($0 + added)" }.joined(separator: " ")
        file.add("if [ -z \"${imgbased_inside}\" -a \"${imgbased_read}\" = \(file.mark) ]; then")
        file.add(submenus + ["imgbased_decide \(positions)", "fi"])
        return file.text
    }

    private static let all = submenu(
        "All layers", "--unrestricted --id imgbased-all", [whenAllAreRead, "fi"])

    private static let rescue = submenu(
        "Rescue: look at a layer, change nothing in it", "--id imgbased-rescue",
        [
            "set imgbased_rescue=1", "set imgbased_mark=' (rescue)'", whenAllAreRead,
            "elif imgbased_whole \"${prefix}/imgbased.cfg\"; then source \"${prefix}/imgbased.cfg\"", "fi",
        ])

    private static let whenAllAreRead =
        #"if imgbased_whole "${imgbased_boot}/imgbased/menu.cfg"; then source "${imgbased_boot}/imgbased/menu.cfg""#

    /// In one line: what is left of it where a sector is lost is no command, and nothing of it is run.
    private static func submenu(_ title: String, _ options: String, _ commands: [String]) -> String {
        let body = (["set imgbased_inside=1"] + commands).joined(separator: "; ")
        return "submenu '\(title)' --class imgbased \(options) { \(body); }"
    }

    private var loader: String {
        let lines = BootChoice.byHealth(entries).map { entry in
            "if imgbased_try \(GRUBMenu.word(entry.layer)); then \(load(entry).joined(separator: "; ")); "
                + "imgbased_tried \(GRUBMenu.word(entry.layer)) $?; fi"
        }
        var file = GRUBFile([GRUBScript.head, GRUBScript.loading, GRUBScript.nextTurn] + lines)
        file.add(functions: GRUBScript.head + "\n" + GRUBScript.loading)
        file.add("if [ \"${imgbased_read}\" = \(file.mark) ]; then imgbased_turn; fi")
        file.add(lines + [GRUBScript.nextTurn])
        return file.text
    }

    /// The entries by parts, whose names are no longer than GRUB has room for.
    private static func parts(_ entries: [BootEntry]) -> [ArraySlice<BootEntry>] {
        stride(from: 0, to: entries.count, by: partLength).map {
            entries[$0..<min($0 + partLength, entries.count)]
        }
    }

    /// The newest layers that came up healthy, of which nothing is known, and that did not.
    private static func newest(_ part: ArraySlice<BootEntry>) -> [String?] {
        [LayerHealth.good, .unknown, .bad].map { health in part.first { $0.health == health }?.layer }
    }

    /// The commands that load a kernel stand in the entry itself, where GRUB's editor shows them.
    func menuEntry(_ entry: BootEntry) -> [String] {
        let layer = GRUBMenu.word(entry.layer)
        return [title(entry) + "{", "\tif imgbased_begin \(layer); then"] + load(entry).map { "\t" + $0 } + [
            "\tfi", "\tif imgbased_fails \(layer) $?; then \(GRUBMenu.sourceLoader); fi", "}",
        ]
    }

    /// One of the older of many layers: what loads it is only in the third file, since GRUB's memory grows slow with what is in
    /// entries.
    private func shortEntry(_ entry: BootEntry) -> [String] {
        [title(entry) + "{ set imgbased_pick=\(GRUBMenu.word(entry.layer)); \(GRUBMenu.sourceLoader); }"]
    }

    private func title(_ entry: BootEntry) -> String {
        let title = GRUBMenu.quoted(String(entry.title.unicodeScalars.prefix(GRUBMenu.longestTitle)))
        return
            "menuentry \(title)\"${imgbased_mark}\" --unrestricted --id \(GRUBMenu.word(GRUBMenu.identifier(of: entry.layer))) "
    }

    private static let sourceLoader = "source \"${imgbased_boot}/imgbased/\(loaderName)\""

    private func load(_ entry: BootEntry) -> [String] {
        let (kernel, initial) = entry.options.unquotedParts
        let words = kernel.map(GRUBMenu.word) + ["${imgbased_arguments}"] + initial.map(GRUBMenu.word)
        return [
            "linux \(([path(entry.linux)] + words).joined(separator: " "))", "initrd \(path(entry.initrd))",
        ]
    }

    /// `path` as it is seen from `/boot`, wherever GRUB found that.
    private func path(_ path: String) -> String {
        let relative =
            !prefix.isEmpty && path.hasPrefix(prefix + "/") ? String(path.dropFirst(prefix.count)) : path
        return "\"${imgbased_boot}\"" + GRUBMenu.word(relative)
    }

    /// `word` as GRUB script takes it literally; between quotes only if it needs them. GRUB reads it faster so, as do people
    /// in its editor.
    private static func word(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "+")...UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "@"),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isPlain && !word.isEmpty ? word : quoted(word)
    }
}

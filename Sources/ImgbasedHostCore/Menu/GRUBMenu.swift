import ImgbasedCore

/// The menu of a GRUB without `blscfg`: the entries as GRUB script, derived from the entries' files alone.
///
/// It consists of three files in two directories, never written at once:
/// - the menu, which `grub/layers.cfg` reads at each boot;
/// - the menu with all layers, read for submenus, if the first is damaged, or if only this one has a recorded
///   layer;
/// - the loader, which loads a layer in another's place.
///
/// GRUB is slow with thousands of entries, so the first has only some layers (`shown`): the time to boot does
/// not grow with the number of layers.
///
/// Each file begins with the line that makes it an environment block (grub-core/lib/envblk.c), a comment to
/// GRUB script. Its second and last lines are variables, which GRUB compares before it runs the file. The
/// lines between are counted as GRUB understands them, and run by parts: a part that was not read to its end
/// is not run.
public struct GRUBMenu {
    /// The names of the menu with all layers and of the loader, in `/boot/imgbased`.
    public static let (fullName, loaderName) = ("menu.cfg", "load.cfg")

    /// How many of the newest layers the first menu has.
    static let shownLayers = 32

    /// The entries that GRUB can read, newest first.
    let entries: [BootEntry]
    private let prefix: String

    /// The menu of `entries`; of many, only the newest and those that `record` boots.
    ///
    /// `grub/layers.cfg` sources it: the script sets `imgbased_boot` to GRUB's path of `/boot`, and boots
    /// the entry that `imgbased_choice` then names.
    ///
    /// - Parameter prefix: the path of `/boot` in its own file system, with which paths in entries begin.
    public static func text(_ entries: [BootEntry], _ record: BootRecord, prefix: String) -> String {
        let menu = GRUBMenu(entries, prefix: prefix)
        return menu.text(menu.shown(record))
    }

    /// The menu of all `entries`.
    public static func full(_ entries: [BootEntry], prefix: String) -> String {
        let menu = GRUBMenu(entries, prefix: prefix)
        return menu.text(menu.entries)
    }

    /// The script that entries source if their layer cannot be loaded: all layers again, healthy ones first.
    public static func loader(_ entries: [BootEntry], prefix: String) -> String {
        GRUBMenu(entries, prefix: prefix).loader
    }

    /// The name of the entry of `layer` in GRUB's `default`. It has a prefix, because GRUB takes a name that
    /// begins with a digit for a position.
    public static func identifier(of layer: String) -> String {
        "imgbased-" + layer
    }

    /// `word` quoted for GRUB script: within single quotes only the quote itself is special
    /// (grub-core/script/yylex.l). Control characters become spaces, because a menu line must not end early.
    public static func quoted(_ word: String) -> String {
        word.withoutControls.singleQuoted
    }

    /// The longest word in bytes; GRUB stops for good at 8192 (YYLMAX of flex, for yylex.l).
    private static let longestWord = 8000
    private static let longestTitle = 200
    private static let partLength = 32

    /// The menu of `entries`; `prefix` is the path of `/boot` in its own file system.
    init(_ entries: [BootEntry], prefix: String) {
        self.entries = entries.sorted(by: BootEntry.isNewer(_:than:)).filter(GRUBMenu.isPossible)
        self.prefix = prefix
    }

    /// Whether GRUB can read `entry`; an unreadable one is left out, so that it does not block the others.
    private static func isPossible(_ entry: BootEntry) -> Bool {
        let (kernel, initial) = entry.options.unquotedParts
        return ([entry.linux, entry.initrd] + kernel + initial).allSatisfy {
            quoted($0).utf8.count <= longestWord
        }
    }

    /// The entries in the first menu. GRUB itself changes none of the variables that select them.
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
        // Each full entry has its own count, so that one lost with a sector is noticed. Short entries are
        // counted by parts, since each count takes GRUB time.
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
        // Entries besides layers follow ours; the positions cover menus that people can survey.
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

    /// A submenu in one line: if a sector is lost, the rest is no command and does not run.
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

    /// The entries in parts; GRUB has room for the names in one part.
    private static func parts(_ entries: [BootEntry]) -> [ArraySlice<BootEntry>] {
        stride(from: 0, to: entries.count, by: partLength).map {
            entries[$0..<min($0 + partLength, entries.count)]
        }
    }

    /// The newest good, unknown and bad layer, `nil` if none.
    private static func newest(_ part: ArraySlice<BootEntry>) -> [String?] {
        [LayerHealth.good, .unknown, .bad].map { health in part.first { $0.health == health }?.layer }
    }

    /// A full entry. The commands that load the kernel are in the entry itself, where GRUB's editor shows
    /// them.
    func menuEntry(_ entry: BootEntry) -> [String] {
        let layer = GRUBMenu.word(entry.layer)
        return [title(entry) + "{", "\tif imgbased_begin \(layer); then"] + load(entry).map { "\t" + $0 } + [
            "\tfi", "\tif imgbased_fails \(layer) $?; then \(GRUBMenu.sourceLoader); fi", "}",
        ]
    }

    /// An older one of many layers. Only the loader file loads it, since GRUB's memory becomes slow with long
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

    /// `path` relative to `/boot`, wherever GRUB found `/boot`.
    private func path(_ path: String) -> String {
        let relative =
            !prefix.isEmpty && path.hasPrefix(prefix + "/") ? String(path.dropFirst(prefix.count)) : path
        return "\"${imgbased_boot}\"" + GRUBMenu.word(relative)
    }

    /// `word` for GRUB script, quoted only if needed: GRUB reads it faster, and people can read it in GRUB's
    /// editor.
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

/// What a GRUB without `blscfg` needs: the entries as GRUB script. Derived from the entries' files alone.
///
/// There are two of them. `grub/09_imgbased` reads the menu and, where that is not whole, its copy, which is in another
/// directory and written at another time. The copy also has what loads a layer in another's place: few boots need it, and
/// GRUB would read it at every boot.
///
/// Either begins with the line that makes it an environment block (grub-core/lib/envblk.c), to GRUB script a comment, and
/// has variables in its second line and its last: GRUB compares them before it runs anything of it. What stands between
/// is parts of some entries each, every one a function: what was not read to its end is not run, and the submenu for rescue
/// runs the same ones.
public struct GRUBMenu {
    /// The name of the copy in `/boot/imgbased`.
    public static let copyName = "menu.cfg"

    private let entries: [BootEntry]
    private let prefix: String
    private let isCopy: Bool

    /// The script for `entries`.
    ///
    /// It is sourced by `grub/09_imgbased`, which sets `imgbased_boot` to where `/boot` is for GRUB, and boots the
    /// entry that `imgbased_choice` then names.
    ///
    /// - Parameter prefix: the path of `/boot` in its own file system, which paths in entries begin with.
    public static func text(_ entries: [BootEntry], prefix: String) -> String {
        GRUBMenu(entries, prefix: prefix, isCopy: false).text
    }

    /// The copy of that script.
    public static func copy(_ entries: [BootEntry], prefix: String) -> String {
        GRUBMenu(entries, prefix: prefix, isCopy: true).text
    }

    /// Whether GRUB would take `text` for a whole menu.
    static func isWhole(_ text: String?) -> Bool {
        guard let lines = text?.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false),
            lines.count > 3, lines.last?.isEmpty == true
        else { return false }
        let begin = Array((begun + "=").utf8)
        let end = Array((ended + "=").utf8)
        let (first, last) = (lines[1], lines[lines.count - 2])
        return lines[0].elementsEqual(GRUBEnvironment.header.utf8.dropLast()) && first.starts(with: begin)
            && last.starts(with: end) && first.count > begin.count
            && first.dropFirst(begin.count).elementsEqual(last.dropFirst(end.count))
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

    private static let begun = "imgbased_begun"
    private static let ended = "imgbased_ended"
    /// GRUB stops for good at a word of 8192 bytes (YYLMAX of flex, which yylex.l is for).
    private static let longestWord = 8000
    private static let longestTitle = 200

    private init(_ entries: [BootEntry], prefix: String, isCopy: Bool) {
        self.entries = entries.sorted(by: BootEntry.isNewer(_:than:)).filter(GRUBMenu.isPossible)
        self.prefix = prefix
        self.isCopy = isCopy
    }

    /// Whether GRUB can read `entry`: one that it cannot is left out, not in the way of the others.
    private static func isPossible(_ entry: BootEntry) -> Bool {
        let (kernel, initial) = entry.options.unquotedParts
        return ([entry.linux, entry.initrd] + kernel + initial).allSatisfy {
            quoted($0).utf8.count <= longestWord
        }
    }

    private var text: String {
        let functions = [GRUBScript.head, isCopy ? GRUBScript.endOfCopy : GRUBScript.end]
        let parts = parts.map(lines)
        let loaders = isCopy ? loaders : []
        // It tells one menu from another: the beginning of one and the end of another are none.
        let stamp = GRUBMenu.stamp(functions + parts.joined() + loaders)
        var lines = [String(GRUBEnvironment.header.dropLast()), "\(GRUBMenu.begun)=\(stamp)"]
        lines.append("# Made by imgbase from loader/entries/imgbased-*.conf, whenever those change.")
        lines.append("set imgbased_read=\(stamp)_0")
        var count = 0
        /// The end of a function. What is behind the brace is run only if all of the function was understood.
        func close(_ then: String = "") -> String {
            count += 1
            return
                "}; if [ \"${imgbased_read}\" = \(stamp)_\(count - 1) ]; then set imgbased_read=\(stamp)_\(count); fi"
                + then
        }
        for line in functions.joined(separator: "\n").split(separator: "\n") {
            lines.append(line == "}" ? close() : String(line))
        }
        for (number, part) in parts.enumerated() {
            let name = "\(stamp)_\(number + 1)"
            lines += ["function imgbased_part_\(name) {"] + part
            lines.append(close("; set imgbased_parts=\"${imgbased_parts} \(name)\""))
        }
        lines += loaders
        lines += [
            "if [ -z \"${imgbased_menu}\" -a \"${imgbased_read}\" = \(stamp)_\(count) ]; then",
            "  set imgbased_menu=\(stamp)", "  imgbased_offer", "fi",
            // A line with a variable before the last one: what has none would belong to the name of the next.
            "set imgbased_read=", "\(GRUBMenu.ended)=\(stamp)",
        ]
        return lines.map { $0 + "\n" }.joined()
    }

    /// The entries by parts: the first are small, so that little of a menu is needed to boot from it.
    private var parts: [ArraySlice<BootEntry>] {
        var parts: [ArraySlice<BootEntry>] = []
        var rest = entries[...]
        while !rest.isEmpty {
            parts.append(rest.prefix(min(32, max(1, entries.count - rest.count))))
            rest = rest.dropFirst(parts[parts.count - 1].count)
        }
        return parts
    }

    private func lines(_ part: ArraySlice<BootEntry>) -> [String] {
        let newest = [LayerHealth.good, .unknown, .bad].map { health in
            GRUBMenu.quoted(part.first { $0.health == health }?.layer ?? "")
        }
        let layers = GRUBMenu.quoted(part.map(\.layer).joined(separator: " "))
        return ["imgbased_part \(layers) \(newest.joined(separator: " "))"] + part.flatMap(menuEntry)
    }

    /// The commands that load a kernel stand in the entry itself, where GRUB's editor shows them.
    private func menuEntry(_ entry: BootEntry) -> [String] {
        let title = GRUBMenu.quoted(String(entry.title.unicodeScalars.prefix(GRUBMenu.longestTitle)))
        let name = GRUBMenu.word(GRUBMenu.identifier(of: entry.layer))
        return ["menuentry \(title)\"${imgbased_mark}\" --id \(name) {"] + load(entry)
            + ["\timgbased_end\(isCopy ? "_here" : "") $?", "}"]
    }

    /// Each layer once more, as a function, the healthy ones first.
    private var loaders: [String] {
        let numbered = zip(1..., BootChoice.byHealth(entries))
        let functions = numbered.flatMap { number, entry in
            ["function imgbased_load_\(number) {"] + load(entry) + ["\timgbased_is_loaded $?", "}"]
        }
        let pairs = numbered.map { "\($0) \($1.layer)" }
        let chunks = stride(from: 0, to: pairs.count, by: 32).map { pairs[$0..<min($0 + 32, pairs.count)] }
        return functions + ["set imgbased_by_health="]
            + chunks.map {
                let words = GRUBMenu.quoted(" " + $0.joined(separator: " "))
                return "set imgbased_by_health=\"${imgbased_by_health}\"\(words)"
            }
    }

    private func load(_ entry: BootEntry) -> [String] {
        let (kernel, initial) = entry.options.unquotedParts
        let words = kernel.map(GRUBMenu.word) + ["${imgbased_arguments}"] + initial.map(GRUBMenu.word)
        return [
            "\tif imgbased_begin \(GRUBMenu.word(entry.layer)); then",
            "\tlinux \(([path(entry.linux)] + words).joined(separator: " "))",
            "\tinitrd \(path(entry.initrd))", "\tfi",
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

    /// 16 digits that depend on all of `lines`: FNV-1a.
    private static func stamp(_ lines: [String]) -> String {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for line in lines {
            for byte in line.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
            value = (value ^ 10) &* 0x100_0000_01b3
        }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

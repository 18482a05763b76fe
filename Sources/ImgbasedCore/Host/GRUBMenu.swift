/// What a GRUB without `blscfg` needs: the entries as GRUB script. Derived from the entries' files alone.
public enum GRUBMenu {
    /// The script for `entries`.
    ///
    /// It is sourced by `grub/09_imgbased`, which sets `imgbased_boot` to where `/boot` is for GRUB, and boots the
    /// entry that `imgbased_choice` then names.
    ///
    /// - Parameter prefix: the path of `/boot` in its own file system, which paths in entries begin with.
    public static func text(_ entries: [BootEntry], prefix: String) -> String {
        let sorted = entries.sorted(by: BootEntry.isNewer(_:than:))
        var lines = ["# Made by imgbase from loader/entries/imgbased-*.conf, whenever those change."]
        lines.append(GRUBScript.head)
        let numbers = sorted.indices.map { $0 + 1 }
        let layers = zip(numbers, sorted).map { "\($0):\($1.layer)" }
        lines.append("set imgbased_layers=\(quoted(layers.joined(separator: " ")))")
        let byHealth = BootChoice.byHealth(sorted).map(\.layer)
        lines.append("set imgbased_by_health=\(quoted(byHealth.joined(separator: " ")))")
        lines += zip(numbers, sorted).flatMap { menuEntry($1, number: $0, prefix: prefix) }
        if !sorted.isEmpty {
            let title = quoted("Rescue: look at a layer, change nothing in it")
            lines.append("submenu \(title) --class imgbased --id imgbased-rescue {")
            lines += sorted.flatMap { rescueEntry($0, prefix: prefix) }.map { "\t" + $0 } + ["}"]
        }
        lines.append(GRUBScript.tail)
        return lines.map { $0 + "\n" }.joined()
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

    /// The commands that load a kernel stand in the entry itself, where GRUB's editor shows them; and once more in a
    /// function, for when the entry takes another's place.
    private static func menuEntry(_ entry: BootEntry, number: Int, prefix: String) -> [String] {
        let load =
            ["\tif imgbased_begin \(number) \(quoted(entry.layer)); then"]
            + commands(entry, prefix: prefix, adding: ["${imgbased_arguments}"]) + ["\tfi"]
        return ["function imgbased_entry_\(number) {"] + load + ["\timgbased_is_loaded $?", "}"]
            + [
                "menuentry \(quoted(entry.title)) --class imgbased --id \(quoted(identifier(of: entry.layer))) {"
            ]
            + load + ["\timgbased_end \(number) $?", "}"]
    }

    private static func rescueEntry(_ entry: BootEntry, prefix: String) -> [String] {
        let words = BootArguments.rescue + ["rd.imgbased.reason=rescue"]
        let title = quoted(entry.layer + " (rescue)")
        return ["menuentry \(title) --class imgbased --id \(quoted("imgbased-rescue-" + entry.layer)) {"]
            + commands(entry, prefix: prefix, adding: words) + ["}"]
    }

    private static func commands(_ entry: BootEntry, prefix: String, adding words: [String]) -> [String] {
        let (kernel, initial) = entry.options.unquotedParts
        let linux = [path(entry.linux, prefix)] + kernel.map(quoted) + words + initial.map(quoted)
        return [
            "\techo \(quoted("Loading layer \(entry.layer) ..."))",
            "\tlinux \(linux.joined(separator: " "))",
            "\tinitrd \(path(entry.initrd, prefix))",
        ]
    }

    /// `path` as it is seen from `/boot`, wherever GRUB found that.
    private static func path(_ path: String, _ prefix: String) -> String {
        let relative =
            !prefix.isEmpty && path.hasPrefix(prefix + "/") ? String(path.dropFirst(prefix.count)) : path
        return "\"${imgbased_boot}\"" + quoted(relative)
    }
}

/// What a GRUB without `blscfg` needs: the entries as GRUB script. Derived from the entries' files alone.
public enum GRUBMenu {
    /// The script for `entries`.
    ///
    /// It is sourced by `grub/09_imgbased`, which sets `imgbased_boot` to where `/boot` is for GRUB and
    /// `imgbased_default` to the recorded default, and reads `imgbased_choice` afterwards.
    ///
    /// - Parameter prefix: the path of `/boot` in its own file system, which paths in entries begin with.
    public static func text(_ entries: [BootEntry], prefix: String) -> String {
        let sorted = entries.sorted(by: BootEntry.isNewer(_:than:))
        var lines = ["# Made by imgbase from loader/entries/imgbased-*.conf, whenever those change."]
        lines.append("set imgbased_choice=\(quoted(sorted.first.map { identifier(of: $0.layer) } ?? ""))")
        for entry in sorted {
            lines += menuEntry(entry, prefix: prefix)
            lines += [
                "if [ \"${imgbased_default}\" = \(quoted(entry.layer)) ]; then",
                "\tset imgbased_choice=\(quoted(identifier(of: entry.layer)))",
                "fi",
            ]
        }
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

    private static func menuEntry(_ entry: BootEntry, prefix: String) -> [String] {
        let words = entry.options.unquotedWords.map(quoted)
        return [
            "menuentry \(quoted(entry.title)) --class imgbased --id \(quoted(identifier(of: entry.layer))) {",
            "\techo \(quoted("Loading layer \(entry.layer) ..."))",
            "\tlinux \(([path(entry.linux, prefix)] + words).joined(separator: " "))",
            "\tinitrd \(path(entry.initrd, prefix))",
            "}",
        ]
    }

    private static func path(_ path: String, _ prefix: String) -> String {
        // Seen from /boot, wherever GRUB found that.
        let relative =
            !prefix.isEmpty && path.hasPrefix(prefix + "/") ? String(path.dropFirst(prefix.count)) : path
        return "\"${imgbased_boot}\"" + quoted(relative)
    }
}

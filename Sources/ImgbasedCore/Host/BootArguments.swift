/// The arguments of the kernel that an entry gives: words, divided at spaces that no double quotes protect, as
/// the kernel divides them (lib/cmdline.c, `next_arg`).
public struct BootArguments: Hashable, Sendable {
    /// The words, with their quotes.
    public var words: [String]

    /// The words of `text`. What ends a line ends a word, and closes its quotes; other control characters are dropped.
    public init(_ text: String) {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        func end() {
            // On one line with the rest, a quote left open would swallow what follows.
            if isQuoted { word += "\"" }
            isQuoted = false
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        for scalar in text.unicodeScalars {
            if scalar == "\"" { isQuoted.toggle() }
            if scalar == "\n" || scalar == "\r" || (!isQuoted && (scalar == " " || scalar == "\t")) {
                end()
            } else if !scalar.isControl {
                word.unicodeScalars.append(scalar)
            }
        }
        end()
        self.words = words
    }

    /// The words of a file as kernel-install(8) reads `/etc/kernel/cmdline`: lines that begin with `#` are
    /// comments.
    public init(file text: String) {
        let lines = text.split(separator: "\n").filter { !$0.trimmed.hasPrefix("#") }
        self.init(lines.joined(separator: "\n"))
    }

    /// What every entry begins with: how `layer` is found and mounted.
    public static func own(layer: VolumePath) -> [String] {
        [
            "root=\(layer.device)", "rd.lvm.lv=\(layer)", "rd.imgbased.layer=\(layer.name)", "ro",
        ]
    }

    /// What a rescue entry adds: nothing in the layer changes, and nothing runs in it but a shell for whoever knows
    /// root's password.
    public static let rescue = ["rd.imgbased.mode=volatile", "systemd.unit=rescue.target"]

    /// What a boot on trial adds where the boot loader does not: nobody may be there, so what fails ends in a restart, not
    /// at a prompt.
    static let trial = [
        "panic=10", "rd.shell=0", "rd.emergency=reboot", "systemd.crash_reboot=1", "rd.imgbased.reason=trial",
    ]

    /// Takes that away.
    mutating func dropTrial() {
        if words.suffix(BootArguments.trial.count) == BootArguments.trial[...] {
            words.removeLast(BootArguments.trial.count)
        }
    }

    /// Adds and removes words. `NAME` that is removed takes away every `NAME=VALUE`; a word that is added stands at the
    /// end, where it counts, and only once.
    mutating func change(adding: [String], removing: [String]) throws(HostReason) {
        for word in adding + removing {
            guard BootArguments(word).words == [word], BootArguments.isFree(word) else {
                throw .badArgument(word)
            }
        }
        words.removeAll { word in
            removing.contains { $0 == word || word.hasPrefix($0 + "=") }
        }
        for word in adding where !words.contains(word) { words.append(word) }
    }

    /// These, changed as `other` was from `origin`: without what was removed there, and with what was added.
    func changed(as other: BootArguments, from origin: BootArguments) -> BootArguments {
        var result = self
        result.words.removeAll { origin.words.contains($0) && !other.words.contains($0) }
        for word in other.words where !origin.words.contains(word) && !result.words.contains(word) {
            result.words.append(word)
        }
        return result
    }

    /// Whether `word` is for the administrator to give: those that say which layer is booted are not.
    private static func isFree(_ word: String) -> Bool {
        var arguments = BootArguments("")
        arguments.words = [word]
        return arguments.foreign == arguments
    }

    /// The words that do not say which layer is booted, how it is mounted, or what the boot loader added.
    public var foreign: BootArguments {
        var arguments = self
        arguments.words.removeAll { word in
            let key = String(word.unicodeScalars.prefix { $0 != "=" })
            switch key {
            case "root", "rd.lvm.lv", "img.bootid", "BOOT_IMAGE", "initrd", "ro", "rw", "rootflags",
                "rootfstype":
                return true
            default:
                return key.hasPrefix("rd.imgbased")
            }
        }
        return arguments
    }

    /// The words with their double quotes removed where GRUB would put them itself.
    var unquotedWords: [String] {
        words.map { String($0.unicodeScalars.filter { $0 != "\"" }) }
    }
}

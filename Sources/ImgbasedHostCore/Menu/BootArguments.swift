import ImgbasedCore

/// The arguments of the kernel that an entry gives: words as the kernel divides them (`KernelCommandLine`).
public struct BootArguments: Hashable, Sendable {
    /// The words, with their quotes.
    public var words: [String]

    /// The words of `text`. What ends a line ends a word, and closes its quotes; other control characters are dropped.
    public init(_ text: String) {
        var line = ""
        var isQuoted = false
        for scalar in text.unicodeScalars {
            if scalar == "\"" { isQuoted.toggle() }
            if scalar == "\n" || scalar == "\r" {
                // On one line with the rest, a quote left open would swallow what follows.
                line += isQuoted ? "\" " : " "
                isQuoted = false
            } else if scalar.isBlank {
                line += " "
            } else if !scalar.isControl {
                line.unicodeScalars.append(scalar)
            }
        }
        words = KernelCommandLine.words(isQuoted ? line + "\"" : line)
    }

    /// The words of a file as kernel-install(8) reads `/etc/kernel/cmdline`: lines that begin with `#` are
    /// comments.
    public init(file text: String) {
        let lines = text.split(separator: "\n").filter { !$0.trimmed.hasPrefix("#") }
        self.init(lines.joined(separator: "\n"))
    }

    /// What every entry begins with: how `layer` is found and mounted. It comes first, so that nothing that is cut off or
    /// given to the init program takes it along; none of it is among what follows, which would count instead.
    public static func own(layer: VolumePath) -> [String] {
        [
            "root=\(layer.device)", "rd.lvm.lv=\(layer)", "rd.imgbased.layer=\(layer.name)", "ro",
        ]
    }

    /// What a rescue entry adds: nothing in the layer changes, and nothing runs in it but a shell for whoever knows
    /// root's password.
    public static let rescue = ["rd.imgbased.mode=volatile", "systemd.unit=rescue.target"]

    /// What a boot on trial adds where the boot loader does not: nobody may be there, so what fails ends in a restart, not
    /// at a prompt. It comes last, where it counts, whatever the layer brings.
    static let trial = [
        "panic=10", "rd.shell=0", "rd.emergency=reboot", "systemd.crash_reboot=1", "rd.imgbased.reason=trial",
    ]

    /// Where the kernel's arguments end, and those of the init program begin with `--`.
    private var end: Int {
        words.firstIndex { BootArguments.unquoted($0) == "--" } ?? words.count
    }

    /// Adds `new` where it counts: as the last of what is for the kernel.
    mutating func append(_ new: [String]) {
        words.insert(contentsOf: new, at: end)
    }

    /// Takes away what a trial has added.
    mutating func dropTrial() {
        let end = end
        if words[..<end].suffix(BootArguments.trial.count) == BootArguments.trial[...] {
            words.removeSubrange((end - BootArguments.trial.count)..<end)
        }
    }

    /// Adds and removes words. `NAME` that is removed takes away every `NAME=VALUE`; a word that is added stands at the
    /// end, where it counts, and only once. They are compared as the kernel compares them: quotes do not matter, and `-`
    /// and `_` in names are the same.
    mutating func change(adding: [String], removing: [String]) throws(HostReason) {
        for word in adding + removing {
            // What is no text came here as another word than was given.
            guard BootArguments(word).words == [word], !BootArguments.isOurs(word),
                BootArguments.unquoted(word) != "--", !word.unicodeScalars.contains("\u{FFFD}")
            else { throw .badArgument(word) }
        }
        let removed = removing.map(BootArguments.comparable)
        words.removeAll { word in
            let word = BootArguments.comparable(word)
            return removed.contains { $0 == word || ($0.value == nil && $0.name == word.name) }
        }
        for (index, word) in adding.enumerated() {
            let new = BootArguments.comparable(word)
            let next = adding[(index + 1)...].map(BootArguments.comparable)
            let others = words[..<end].map(BootArguments.comparable)
            // It counts where it stands, but for those of the same name that are added after it.
            if others.last(where: { $0.name == new.name && ($0 == new || !next.contains($0)) }) == new {
                continue
            }
            let rest = words[end...]
            words = words[..<end].filter { BootArguments.comparable($0) != new } + [word] + rest
        }
    }

    /// These, changed as `other` was from `origin`: without what was removed there, and with what was added.
    func changed(as other: BootArguments, from origin: BootArguments) -> BootArguments {
        var head = Array(words[..<end])
        let (before, after) = (origin.words[..<origin.end], other.words[..<other.end])
        head.removeAll { before.contains($0) && !after.contains($0) }
        for word in after where !before.contains(word) && !head.contains(word) { head.append(word) }
        let isTailChanged = origin.words[origin.end...] != other.words[other.end...]
        var result = self
        result.words = head + (isTailChanged ? other.words[other.end...] : words[end...])
        return result
    }

    /// The words that do not say which layer is booted, how it is mounted, or what the boot loader added.
    public var foreign: BootArguments {
        var arguments = self
        arguments.words.removeAll(where: BootArguments.isOurs)
        return arguments
    }

    /// The words for the kernel and those for the init program, with their double quotes removed where GRUB would put
    /// them itself.
    var unquotedParts: (kernel: [String], initial: [String]) {
        (words[..<end].map(BootArguments.unquoted), words[end...].map(BootArguments.unquoted))
    }
}

extension BootArguments {
    /// Whether anybody could take `word` for one that says which layer is booted: those are not for a layer or an
    /// administrator to give. What is in quotes is another word for each reader: the kernel and our helper; GRUB, which takes
    /// quotes away and puts its own; systemd, which takes them away wherever they are.
    private static func isOurs(_ word: String) -> Bool {
        let plain = unquoted(word)
        let byGRUB = plain.contains(" ") ? "\"\(plain)\"" : plain
        let bySystemd = String(plain.unicodeScalars.filter { $0 != "'" && $0 != "\\" })
        let readings = [word, byGRUB].flatMap(KernelCommandLine.words) + [bySystemd]
        return readings.contains { reading in
            guard let name = KernelCommandLine.argument(reading)?.name else { return false }
            switch name {
            case "root", "rd.lvm.lv", "img.bootid", "BOOT_IMAGE", "initrd", "ro", "rw", "rootflags",
                "rootfstype":
                return true
            default:
                return name.hasPrefix("rd.imgbased")
            }
        }
    }

    /// `word` as the kernel compares it (linux: kernel/params.c, parameqn).
    private static func comparable(_ word: String) -> KernelCommandLine.Argument {
        let argument = KernelCommandLine.argument(word) ?? KernelCommandLine.Argument(name: "", value: nil)
        let name = argument.name.unicodeScalars.map { $0 == "-" ? "_" : $0 }
        return KernelCommandLine.Argument(name: String(String.UnicodeScalarView(name)), value: argument.value)
    }

    private static func unquoted(_ word: String) -> String {
        guard word.utf8.contains(UInt8(ascii: "\"")) else { return word }
        return String(word.unicodeScalars.filter { $0 != "\"" })
    }
}

extension BootArguments {
    /// How many bytes the kernel takes, of x86 and of 64-bit ARM: what is beyond is cut off without a word (linux:
    /// COMMAND_LINE_SIZE in arch/*/include/*/asm/setup.h, less the byte that ends it).
    static let limit = 2047
    /// The longest name that lvm2 allows.
    private static let longestName = 127

    /// Throws where the line that boots the kernel at `linux` could be longer than the kernel takes.
    func checkLength(of layer: String, linux: String) throws(HostReason) {
        let length = longestLine(linux: linux)
        if length > BootArguments.limit {
            throw .argumentsTooLong(of: layer, length: length, limit: BootArguments.limit)
        }
    }

    /// How many bytes a boot loader can make of it: GRUB puts the kernel's path in front, escapes some characters (GRUB:
    /// grub-core/lib/cmdline.c), and adds what the menu has.
    private func longestLine(linux: String) -> Int {
        // A device of GRUB's is named by up to two identifiers of LVM.
        let kernel = "BOOT_IMAGE=(lvmid/)".utf8.count + 2 * 38 + linux.utf8.count
        let own = words.map { word in
            let plain = BootArguments.unquoted(word)
            let escaped = plain.utf8.count { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "'") }
            return 1 + plain.utf8.count + escaped + (plain.contains(" ") ? 2 : 0)
        }.reduce(0, +)
        let fallback = "rd.imgbased.fallback=".utf8.count + BootArguments.longestName
        let added = [
            BootArguments.trial, BootArguments.rescue + ["rd.imgbased.reason=rescue"],
            [String(repeating: "x", count: fallback), "rd.imgbased.reason=fallback"],
        ].map { $0.map { 1 + $0.utf8.count }.reduce(0, +) }
        return kernel + own + (added.max() ?? 0)
    }
}

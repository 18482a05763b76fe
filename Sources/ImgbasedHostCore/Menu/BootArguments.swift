import ImgbasedCore

/// The kernel arguments of an entry: words as the kernel splits them (`KernelCommandLine`).
public struct BootArguments: Hashable, Sendable {
    /// The words, with their quotes.
    public var words: [String]

    /// The words of `text`. The end of a line ends a word and closes its quotes; other control characters are
    /// dropped.
    public init(_ text: String) {
        var line = ""
        var isQuoted = false
        for scalar in text.unicodeScalars {
            if scalar == "\"" { isQuoted.toggle() }
            if scalar == "\n" || scalar == "\r" {
                // On a single line, an open quote would swallow the rest.
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

    /// The words of a file in the format of `/etc/kernel/cmdline` (kernel-install(8)): lines that begin with
    /// `#` are comments.
    public init(file text: String) {
        let lines = text.parts(separator: "\n").filter { !$0.trimmed.hasPrefix("#") }
        self.init(lines.joined(separator: "\n"))
    }

    /// The first arguments of every entry: they find and mount `layer`.
    ///
    /// They come first, so that neither truncation nor the init program's `--` takes them away. The later
    /// words contain none of these names, because the last one would count.
    public static func own(layer: VolumePath) -> [String] {
        [
            "root=\(layer.device)", "rd.lvm.lv=\(layer)", "rd.imgbased.layer=\(layer.name)", "ro",
        ]
    }

    /// The arguments that a rescue entry adds: the layer stays unchanged, and only a shell for root runs in
    /// it.
    public static let rescue = ["rd.imgbased.mode=volatile", "systemd.unit=rescue.target"]

    /// The arguments that a trial adds if the boot loader does not: unattended, a failure must end in a
    /// restart, not at a prompt. They come last, where they override the layer's own.
    static let trial = [
        "panic=10", "rd.shell=0", "rd.emergency=reboot", "systemd.crash_reboot=1", "rd.imgbased.reason=trial",
    ]

    /// The index where the kernel's arguments end; the init program's begin there with `--`.
    private var end: Int {
        words.firstIndex { BootArguments.unquoted($0) == "--" } ?? words.count
    }

    /// Adds `new` as the last kernel arguments, where they override earlier ones.
    mutating func append(_ new: [String]) {
        words.insert(contentsOf: new, at: end)
    }

    /// Removes the arguments that a trial added.
    mutating func dropTrial() {
        let end = end
        if words[..<end].suffix(BootArguments.trial.count) == BootArguments.trial[...] {
            words.removeSubrange((end - BootArguments.trial.count)..<end)
        }
    }

    /// Adds and removes words. Removing `NAME` removes every `NAME=VALUE` too; an added word is last, where
    /// it counts, and occurs once.
    ///
    /// Words compare as in the kernel: quotes do not matter, and `-` and `_` in names are equal.
    mutating func change(adding: [String], removing: [String]) throws(HostReason) {
        for word in adding + removing {
            // A replacement character means that the given word was not valid text.
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
            // The word already counts, apart from words of that name added after it.
            if others.last(where: { $0.name == new.name && ($0 == new || !next.contains($0)) }) == new {
                continue
            }
            let rest = words[end...]
            words = words[..<end].filter { BootArguments.comparable($0) != new } + [word] + rest
        }
    }

    /// These arguments with the same removals and additions that led from `origin` to `other`.
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

    /// The words that neither choose the layer, nor say how it is mounted, nor come from the boot loader.
    public var foreign: BootArguments {
        var arguments = self
        arguments.words.removeAll(where: BootArguments.isOurs)
        return arguments
    }

    /// The words for the kernel and for the init program, without the double quotes that GRUB adds itself.
    var unquotedParts: (kernel: [String], initial: [String]) {
        (words[..<end].map(BootArguments.unquoted), words[end...].map(BootArguments.unquoted))
    }
}

extension BootArguments {
    /// Whether any reader could take `word` for one that chooses the layer; neither a layer nor an
    /// administrator may set those.
    ///
    /// Quotes make the word differ by reader: the kernel and our helper; GRUB, which removes quotes and adds
    /// its own; systemd, which removes quotes anywhere.
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
                // A host must never install itself anew because of the way it was booted once.
                return name.hasPrefix("rd.imgbased") || name.hasPrefix(UnattendedInstallation.argument)
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
    /// The longest command line in bytes on x86 and 64-bit ARM; the kernel silently cuts off the rest (linux:
    /// COMMAND_LINE_SIZE in arch/*/include/*/asm/setup.h, less the final NUL).
    static let limit = 2047
    /// The longest name that lvm2 allows, in bytes.
    private static let longestName = 127

    /// Throws if the command line for the kernel at `linux` could exceed the limit.
    func checkLength(of layer: String, linux: String) throws(HostReason) {
        let length = longestLine(linux: linux)
        if length > BootArguments.limit {
            throw .argumentsTooLong(of: layer, length: length, limit: BootArguments.limit)
        }
    }

    /// The longest command line in bytes that a boot loader can produce: GRUB prepends the kernel's path,
    /// escapes some characters (GRUB: grub-core/lib/cmdline.c), and adds the menu's arguments.
    private func longestLine(linux: String) -> Int {
        // GRUB names a device by up to two LVM identifiers.
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

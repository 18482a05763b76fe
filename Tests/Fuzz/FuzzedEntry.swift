@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// The inputs of a boot menu entry and GRUB's record: files of `/boot` and a system's own name.
struct FuzzedEntry {
    private let input: [UInt8]
    private let text: String
    /// The skeleton of a plain entry, which every other entry must match.
    private static let plainEntry = BootEntry(layer: "Base-0.1", text: "linux /a\ninitrd /b\noptions c")
        .flatMap { script($0) }.map(skeleton)

    init(_ input: [UInt8]) {
        self.input = input
        text = String(decoding: input, as: UTF8.self)
    }

    func check() throws(Finding) {
        try checkOSRelease()
        try checkEnvironment()
        try checkEntries()
    }

    private func checkOSRelease() throws(Finding) {
        guard let name = OSRelease(text).prettyName else { return }
        try Finding.unless((1...80).contains(name.unicodeScalars.count), "a name is as long as '\(name)'")
        try Finding.unless(name.utf8.allSatisfy { $0 >= 32 && $0 != 127 }, "a name has control characters")
    }

    private func checkEnvironment() throws(Finding) {
        var environment = GRUBEnvironment(input)
        environment[GRUBEnvironment.defaultKey] = "Base-0.1"
        guard let block = environment.block else { return }
        try Finding.unless(block.count == GRUBEnvironment.size, "the block has another size")
        try Finding.unless(GRUBEnvironment(block) == environment, "the block comes back as another")
    }

    private func checkEntries() throws(Finding) {
        if let entry = BootEntry(layer: "Base-0.1", text: text) { try check(entry) }
        // A layer's own values.
        try check(
            BootEntry(
                layer: "Base-0.1", title: OSRelease(text).prettyName ?? "", version: "6", linux: "/l",
                initrd: "/i", options: BootArguments(file: text), created: 1))
    }

    private func check(_ entry: BootEntry) throws(Finding) {
        var entry = entry
        try Finding.unless(
            BootEntry(layer: "Base-0.1", text: entry.text) == entry,
            "the entry comes back as another: \(entry.text)")
        entry.options.words.append("c")
        guard let script = FuzzedEntry.script(entry) else { return }
        guard let plain = FuzzedEntry.plainEntry else {
            throw Finding(description: "a plain entry is not read")
        }
        try Finding.unless(
            FuzzedEntry.skeleton(script) == plain, "the entry breaks out of its quotes: \(script)")
    }

    /// The menu's text of `entry`; `nil` if GRUB cannot read the entry.
    ///
    /// Only this part has words of the entry, and the part that loads the layer in another's place, by the
    /// same commands.
    private static func script(_ entry: BootEntry) -> String? {
        let menu = GRUBMenu([entry], prefix: "/boot")
        return menu.entries.first.map { menu.menuEntry($0).joined(separator: "\n") }
    }

    /// The unquoted part of `script`, which GRUB interprets as script.
    ///
    /// Runs of spaces become one space, and spaces at the end of a line are removed. Letters, digits and
    /// signs without a meaning to GRUB are left out: words of such characters need no quotes.
    private static func skeleton(_ script: String) -> [UInt8] {
        let space = UInt8(ascii: " ")
        var skeleton: [UInt8] = []
        var isQuoted = false
        var isEscaped = false
        for byte in script.utf8 {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "'") {
                isQuoted.toggle()
            } else if !isQuoted, byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if !isQuoted, byte != space || skeleton.last != space, !isPlain(byte) {
                if byte == UInt8(ascii: "\n"), skeleton.last == space { skeleton.removeLast() }
                skeleton.append(byte)
            }
        }
        return skeleton
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "+")...UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// What an entry of the boot menu is read from, and what GRUB keeps: files of `/boot`, and the name that a system gives itself.
struct FuzzedEntry {
    private let input: [UInt8]
    private let text: String
    /// What the menu of a plain entry is to GRUB: every other one must be the same.
    private static let plainMenu = BootEntry(layer: "Base-0.1", text: "linux /a\ninitrd /b\noptions c")
        .map { skeleton(GRUBMenu.full([$0], prefix: "")) }

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
        // What a layer brings of its own.
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
        let menu = GRUBMenu.full([entry], prefix: "/boot")
        guard let plain = FuzzedEntry.plainMenu else {
            throw Finding(description: "a plain entry is not read")
        }
        try Finding.unless(
            FuzzedEntry.skeleton(menu) == plain,
            "the entry breaks out of its quotes: \(menu)")
    }

    /// What of `menu` is not between single quotes, with each run of spaces as one and none at the end of a line: what GRUB
    /// takes for script. Without letters, digits and the signs that mean nothing to GRUB: words of them stand without quotes.
    private static func skeleton(_ menu: String) -> [UInt8] {
        let space = UInt8(ascii: " ")
        var skeleton: [UInt8] = []
        var isQuoted = false
        var isEscaped = false
        for byte in menu.utf8 {
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
        let scalar = Unicode.Scalar(byte)
        return scalar.isASCII
            && (scalar.properties.isAlphabetic || "0123456789+,-./:=@_".unicodeScalars.contains(scalar))
    }
}

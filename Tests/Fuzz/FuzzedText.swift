@testable import ImgbasedCore

/// A file of a layer or of `/boot`, a name, or what the kernel says: every reader of such a text gets it, so that a
/// corpus is files as they are.
struct FuzzedText {
    private let input: [UInt8]
    private let text: String

    init(_ input: [UInt8]) {
        self.input = input
        text = String(decoding: input, as: UTF8.self)
    }

    func check() throws(Finding) {
        _ = ThinPoolStatus(text)
        _ = FileSystemSignature(input)
        _ = MountTable(input).places
        try checkListing()
        try checkUevent()
        try checkNames()
        try checkSize()
        try checkOSRelease()
        try checkFSTab()
        try checkEnvironment()
        try checkEntries()
    }

    private func checkUevent() throws(Finding) {
        guard let event = Uevent(input) else { return }
        try Finding.unless(
            !event.name.isEmpty && !event.name.utf8.contains(UInt8(ascii: "/")),
            "'\(event.name)' is no device")
    }

    private func checkListing() throws(Finding) {
        var (plain, layer) = (TreeListing(), TreeListing(isLayer: true))
        for line in input.split(separator: UInt8(ascii: "\n")) {
            plain.add(Array(line))
            layer.add(Array(line))
        }
        try Finding.unless(plain.size == layer.size, "a layer is listed otherwise than other archives")
        try Finding.unless(plain.strange == nil, "what is no layer is looked at as one")
    }

    private func checkNames() throws(Finding) {
        if let name = DeviceMapperName(text) {
            try Finding.unless(name.description == text, "'\(text)' comes back as '\(name)'")
        }
        if let id = LVMIdentifier(text) {
            try Finding.unless(LVMIdentifier(id.description) == id, "'\(id)' comes back as something else")
        }
        if let base = try? BaseName(text) {
            try Finding.unless(base.description == text, "'\(text)' comes back as '\(base)'")
        }
        if let layer = try? LayerName(text) {
            try Finding.unless(layer.description == text, "'\(text)' comes back as '\(layer)'")
        }
        let halves = text.split(separator: "\n", maxSplits: 1).map(String.init)
        if let a = halves.first, let b = halves.last, a != b {
            try Finding.unless(
                NaturalOrder.precedes(a, b) != NaturalOrder.precedes(b, a), "'\(a)' and '\(b)' have no order")
        }
    }

    private func checkSize() throws(Finding) {
        guard let size = try? Bytes(parsing: text) else { return }
        let whole = size.formatted(in: .bytes).filter { $0 != " " }
        try Finding.unless((try? Bytes(parsing: whole)) == size, "'\(whole)' comes back as something else")
        _ = size.formatted
    }

    private func checkOSRelease() throws(Finding) {
        guard let name = OSRelease(text).prettyName else { return }
        try Finding.unless((1...80).contains(name.unicodeScalars.count), "a name is as long as '\(name)'")
        try Finding.unless(name.utf8.allSatisfy { $0 >= 32 && $0 != 127 }, "a name has control characters")
    }

    private func checkFSTab() throws(Finding) {
        var table = FSTab(input)
        let others = table.entries.filter { $0.target != "/" }
        table.setRoot(source: "/dev/HostVG/Base-0.1", type: "ext4")
        try Finding.unless(
            table.entries.filter { $0.target == "/" }.map(\.source) == ["/dev/HostVG/Base-0.1"],
            "there is not one root")
        try Finding.unless(table.entries.filter { $0.target != "/" } == others, "another line has changed")
        let once = table
        table.setRoot(source: "/dev/HostVG/Base-0.1", type: "ext4")
        try Finding.unless(table == once, "the same root again changes the table")
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
        let menu = GRUBMenu.text([entry], prefix: "/boot")
        guard let other = BootEntry(layer: "Base-0.1", text: "linux /a\ninitrd /b\noptions c") else {
            throw Finding(description: "a plain entry is not read")
        }
        try Finding.unless(
            skeleton(menu) == skeleton(GRUBMenu.text([other], prefix: "")),
            "the entry breaks out of its quotes: \(menu)")
    }

    /// What of `menu` is not between single quotes, with each run of spaces as one and none at the end of a line: what GRUB
    /// takes for script. Without letters, digits and the signs that mean nothing to GRUB: words of them stand without quotes.
    private func skeleton(_ menu: String) -> [UInt8] {
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

    private func isPlain(_ byte: UInt8) -> Bool {
        let scalar = Unicode.Scalar(byte)
        return scalar.isASCII
            && (scalar.properties.isAlphabetic || "0123456789+,-./:=@_".unicodeScalars.contains(scalar))
    }
}

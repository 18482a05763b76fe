@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// A file of a layer or of `/boot`, a name, or a text of the kernel.
///
/// Every reader of such texts gets the same input, so a corpus consists of real files.
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
        try checkListing()
        try checkUevent()
        try checkNames()
        try checkSize()
        try checkFSTab()
        try checkMounts()
        try checkInitramfs()
        _ = FileLockTable(text).holder(major: 8, minor: 1, inode: 1)
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

    /// Checks that the options passed to the file system have no word of mount(8).
    private func checkMounts() throws(Finding) {
        let options = MountOptions(text)
        let again = MountOptions(options.data)
        try Finding.unless(
            again.data == options.data && again.flags.isEmpty && again.leftOut.isEmpty,
            "of '\(options.data)' is left '\(again.data)'")
        let table = MountTable(input)
        _ = table.places
        // What is asked for is text.
        for entry in table.entries where Array(entry.path.utf8) == entry.place {
            try Finding.unless(
                table.top(at: entry.path) != nil, "nothing is mounted at '\(entry.path)'")
        }
    }

    /// Checks that the result does not depend on the sizes of the pieces.
    private func checkInitramfs() throws(Finding) {
        var (whole, pieces) = (InitramfsReader(), InitramfsReader())
        let found = whole.read(input)
        for start in stride(from: 0, to: input.count, by: 7) {
            guard let other = pieces.read(input[start..<min(start + 7, input.count)]) else { continue }
            try Finding.unless(
                other == found, "in pieces it is \(other), and whole \(String(describing: found))")
            return
        }
        try Finding.unless(found == nil, "in pieces nothing is found, and whole \(String(describing: found))")
    }
}

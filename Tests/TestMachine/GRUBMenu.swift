/// GRUB's menu on a machine's serial console, with its countdown stopped by a key.
public struct GRUBMenu {
    private let vm: VM
    private static let limit = Duration.seconds(30)

    /// Waits for the menu, then stops GRUB's countdown.
    init(_ vm: VM, within limit: Duration) throws {
        self.vm = vm
        // GRUB draws the line with the remaining seconds last.
        try vm.wait(
            for: "GRUB's menu", within: limit,
            until: { vm.console.screen.grubClock && vm.console.screen.menu.highlighted != nil })
        // This key has no other effect in a menu.
        try vm.type(" ")
        // GRUB has taken the key when the line with the remaining seconds is blank.
        try vm.wait(
            for: "GRUB's clock to stop", within: GRUBMenu.limit,
            until: { !vm.console.screen.grubClock })
    }

    /// The titles that the menu's box shows.
    public var titles: [String] { vm.console.screen.menu.titles }

    /// The title of the highlighted entry; `nil` if none is highlighted.
    public var highlighted: String? { vm.console.screen.menu.highlighted.map { titles[$0] } }

    /// Boots the highlighted entry.
    public func boot() throws {
        try vm.type("\r")
    }

    /// Moves to the entry whose title is `name`, or begins with `name` and a blank.
    ///
    /// - Throws: `MachineError.unexpected` if the menu has no such entry.
    public func highlight(_ name: String) throws {
        let wanted = titles.firstIndex { $0 == name || $0.hasPrefix(name + " ") }
        guard let wanted else {
            throw MachineError.unexpected("no entry '\(name)' in GRUB's menu: \(titles)")
        }
        while let current = vm.console.screen.menu.highlighted, current != wanted {
            let next = current + (current < wanted ? 1 : -1)
            try vm.type(current < wanted ? Key.down : Key.up)
            try vm.wait(
                for: "entry '\(titles[next])' to be highlighted", within: GRUBMenu.limit,
                until: {
                    vm.console.screen.menu.highlighted == next
                })
        }
    }

    /// Boots the entry `name`.
    public func boot(_ name: String) throws {
        try highlight(name)
        try boot()
    }

    /// Opens the submenu `name`.
    public func open(_ name: String) throws {
        try highlight(name)
        let above = titles
        try vm.type("\r")
        try vm.wait(
            for: "submenu '\(name)'", within: GRUBMenu.limit,
            until: {
                vm.console.screen.menu.highlighted == 0 && !titles.isEmpty && titles != above
            })
    }

    /// Waits until GRUB, which draws entries one by one, has drawn `count` entries.
    public func waitForEntries(_ count: Int) throws {
        try vm.wait(
            for: "\(count) entries", within: GRUBMenu.limit,
            until: { vm.console.screen.menu.titles.count == count })
    }

    /// Boots the entry `name`, edited in GRUB's editor: its `linux` line and its initramfs.
    ///
    /// Each of `changes` is typed without a pause. The initramfs is a file on GRUB's disk.
    public func boot(
        _ name: String, editing changes: ((_ line: String) -> String)..., initramfs: String? = nil
    ) throws {
        try highlight(name)
        try vm.type("e")
        let editor = try GRUBEditor(vm)
        for change in changes { try editor.changeLine(startingWith: "linux", with: change) }
        if let initramfs { try editor.changeLine(startingWith: "initrd") { _ in "initrd " + initramfs } }
        try editor.boot()
    }
}

/// Codes of the keys of a VT100.
enum Key {
    static let up = "\u{1b}[A"
    static let down = "\u{1b}[B"
    static func control(_ letter: Character) -> String {
        String(UnicodeScalar((letter.asciiValue ?? 0) & 0x1f))
    }
}

extension Screen {
    /// Whether GRUB's menu counts down.
    var grubClock: Bool { text.contains { $0.contains("will be executed automatically") } }

    /// The titles in the box of GRUB's menu, and the index of the highlighted one.
    var menu: (titles: [String], highlighted: Int?) {
        var titles: [String] = []
        var highlighted: Int?
        for row in boxRows {
            let title = String(cells[row][2..<(Screen.columns - 3)].map(\.character))
            // An asterisk precedes the highlighted title, a blank the others. UEFI's colors tell less.
            guard title.contains(where: { $0 != " " }) else { continue }
            if title.hasPrefix("*") { highlighted = titles.count }
            titles.append(title.dropFirst().trimmingBlanksAtEnd)
        }
        return (titles, highlighted)
    }

    /// The lines between the upper and lower border of GRUB's box.
    var boxRows: Range<Int> {
        let line = String(repeating: Screen.boxLine, count: 4)
        let borders = cells.indices.filter { text($0).contains("+----") || text($0).contains(line) }
        guard let first = borders.first, let last = borders.last, first < last else { return 0..<0 }
        return (first + 1)..<last
    }
}

extension StringProtocol {
    var trimmingBlanksAtEnd: String {
        String(prefix(upTo: lastIndex { $0 != " " }.map(index(after:)) ?? startIndex))
    }
}

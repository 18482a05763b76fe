/// systemd-boot's menu on a machine's serial console, with its countdown stopped by a key.
public struct SystemdBootMenu {
    private let vm: VM
    private static let limit = Duration.seconds(30)

    /// Waits for the menu, then stops systemd-boot's countdown.
    init(_ vm: VM, within limit: Duration) throws {
        self.vm = vm
        // systemd-boot draws the line with the remaining seconds last.
        try vm.wait(
            for: "systemd-boot's menu", within: limit,
            until: {
                vm.console.screen.systemdBootClock && vm.console.screen.systemdBootMenu.highlighted != nil
            })
        // This key has no other effect in a menu.
        try vm.type(" ")
        try vm.wait(
            for: "systemd-boot's clock to stop", within: SystemdBootMenu.limit,
            until: { !vm.console.screen.systemdBootClock })
    }

    /// The titles of all entries.
    public var titles: [String] { vm.console.screen.systemdBootMenu.titles }

    /// The title of the highlighted entry, at first the default; `nil` if none is highlighted.
    public var highlighted: String? { vm.console.screen.systemdBootMenu.highlighted.map { titles[$0] } }

    /// Boots the entry whose title is `name`, or begins with `name` and a blank.
    ///
    /// - Throws: `MachineError.unexpected` if the menu has no such entry.
    public func boot(_ name: String) throws {
        let wanted = titles.firstIndex { $0 == name || $0.hasPrefix(name + " ") }
        guard let wanted else {
            throw MachineError.unexpected("no entry '\(name)' in systemd-boot's menu: \(titles)")
        }
        while let current = vm.console.screen.systemdBootMenu.highlighted, current != wanted {
            let next = current + (current < wanted ? 1 : -1)
            // Type letters, not arrows, so the firmware has no escape sequence to assemble.
            try vm.type(current < wanted ? "j" : "k")
            try vm.wait(
                for: "entry \(next) to be highlighted", within: SystemdBootMenu.limit,
                until: { vm.console.screen.systemdBootMenu.highlighted == next })
        }
        try vm.type("\r")
    }
}

extension VM {
    /// Waits for systemd-boot's menu and stops its countdown.
    public func systemdBootMenu(within limit: Duration = .minutes(3)) throws -> SystemdBootMenu {
        try SystemdBootMenu(self, within: limit)
    }
}

extension Screen {
    /// Whether systemd-boot's menu counts down.
    var systemdBootClock: Bool { text.contains { $0.contains("Boot in ") && $0.hasSuffix(" s.") } }

    /// The titles in systemd-boot's menu, and the index of the highlighted one.
    ///
    /// The titles are the lines with text directly around the highlighted one.
    var systemdBootMenu: (titles: [String], highlighted: Int?) {
        let highlighted = cells.indices.first { row in
            cells[row].contains { $0.isReversed && $0.character != " " }
        }
        guard let highlighted else { return ([], nil) }
        let isTitle = { (row: Int) in !text(row).isEmpty && !text(row).contains(Screen.boxLine) }
        let first = cells[..<highlighted].indices.reversed().prefix(while: isTitle).last ?? highlighted
        let last = cells[highlighted...].indices.prefix(while: isTitle).last ?? highlighted
        // A mark precedes the default entry of the EFI variables.
        let titles = (first...last).map { String(text($0).drop { " >".contains($0) }) }
        return (titles, highlighted - first)
    }
}

extension VM {
    /// Waits for GRUB's menu and stops its clock.
    public func menu(within limit: Duration = .minutes(3)) throws -> GRUBMenu {
        try GRUBMenu(self, within: limit)
    }

    /// What a terminal on the console shows now.
    public var screen: [String] { console.screen.text }
}

extension VM {
    /// Waits for GRUB's menu and stops its clock.
    public func menu(within limit: Duration = .minutes(3)) throws -> GRUBMenu {
        try GRUBMenu(self, within: limit)
    }

    /// The current screen of a terminal on the console.
    public var screen: [String] { console.screen.text }
}

extension VM {
    /// Waits for GRUB's menu and stops its countdown.
    public func menu(within limit: Duration = .minutes(3)) throws -> GRUBMenu {
        try GRUBMenu(self, within: limit)
    }

    /// The lines of the console's current screen.
    public var screen: [String] { console.screen.text }
}

/// A boot loader that can be asked what it makes of a state of /boot.
protocol BootLoaderView {
    /// What it makes of `state`, with the menu's entries of `layers`, and what the system finds then.
    func look(at state: DiskState, layers: [String]) throws -> BootView
}

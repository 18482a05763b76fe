/// A boot loader that runs on a state of /boot.
protocol BootLoaderView {
    /// Runs the boot loader on `state`: the unattended boot, then the entries of `layers`, then the system.
    func look(at state: DiskState, layers: [String]) throws -> BootView
}

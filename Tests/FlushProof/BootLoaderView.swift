/// The actions of a boot loader on a state of /boot.
protocol BootLoaderView {
    /// Runs the boot loader on `state`: the unattended boot, the entries of `layers`, then the system's view.
    func look(at state: DiskState, layers: [String]) throws -> BootView
}

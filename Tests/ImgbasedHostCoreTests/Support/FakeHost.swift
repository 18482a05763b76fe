@testable import ImgbasedCore
@testable import ImgbasedHostCore

extension FakeMachine {
    /// A host with `layers` on one base, each newer than the one before. It runs from none of them.
    static func host(
        _ loader: BootLoader = .grub(directory: "/boot/grub"), loaderConfig: String? = nil, layers: Int
    ) throws -> FakeMachine {
        var machine = FakeMachine()
        machine.state.boot.loader = loader
        machine.state.boot.loaderConfig = loaderConfig ?? machine.state.boot.loaderConfig
        try machine.initialize()
        try machine.addBase()
        machine.clock += 1
        for _ in 0..<layers {
            try machine.addLayer()
            machine.clock += 1
        }
        return machine
    }

    /// What `imgbase status` describes.
    var status: HostStatus { HostStatus(state, names: FakeMachine.names) }

    /// `imgbase boot`
    mutating func change(_ change: BootChange) throws {
        try perform(try BootPlanner.plan(change, state, names: FakeMachine.names))
    }
}

import TestMachine

/// Finds the boot that a state of a disk leads to, without booting.
final class Judge {
    /// The boot of a state.
    struct Finding: Sendable {
        /// The boots that the boot loader offers.
        var boot: BootView
        /// The devices of the unattended boot, and the cause if that boot fails.
        var devices = ""
        var damage: String?
        /// A digest of /etc of the layer booted unattended; empty unless requested.
        var configuration = ""
        /// The devices of the layers in the menu, by layer.
        var menuDevices: [String: String] = [:]
        /// The causes why layers in the menu cannot be booted, by layer.
        var menuDamage: [String: String] = [:]
    }

    private let loader: any BootLoaderView
    private let layers: LayerView

    /// Makes a judge of a disk with /boot on partition `boot` and the physical volume on partition `group`.
    ///
    /// Temporary files are in the directory `scratch`.
    init(
        of state: DiskState, loader: Scenario.Loader, boot: String, group: String,
        helper: String, scratch: String
    ) throws {
        self.loader =
            switch loader {
            case .grub: try GRUBView(of: state, part: boot, scratch: scratch + "/loader")
            case .systemdBoot: try SystemdBootView(of: state, part: boot, scratch: scratch + "/loader")
            }
        layers = try LayerView(part: group, helper: helper, scratch: scratch + "/layer")
    }

    /// Judges `state`: the unattended boot, and those of `names` that can be picked in the menu.
    func look(
        at state: DiskState, layers names: [String], comparesConfiguration: Bool
    ) throws -> Finding {
        var result = Finding(boot: try loader.look(at: state, layers: names))
        if let start = result.boot.unattended {
            let layer = try layers.look(at: state, arguments: start.arguments)
            (result.devices, result.damage) = (layer.devices, layer.damage)
            if comparesConfiguration { result.configuration = layer.configuration }
        }
        for (name, start) in result.boot.menu {
            let layer = try layers.look(at: state, arguments: start.arguments)
            (result.menuDevices[name], result.menuDamage[name]) = (layer.devices, layer.damage)
        }
        return result
    }

    /// The devices that the helper would make for `start`.
    ///
    /// - Throws: `MachineError.unexpected` if the helper would make none.
    func plan(of start: BootView.Start, _ state: DiskState) throws -> DevicePlan {
        switch try layers.plan(start.arguments.joined(separator: " "), state) {
        case .success(let plan): return plan
        case .failure(let reason): throw MachineError.unexpected(reason.text)
        }
    }
}

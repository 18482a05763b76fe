import TestMachine

/// Says what boots from a state of a disk, without booting it.
final class Judge {
    /// What a state boots.
    struct Finding: Sendable {
        /// What the boot loader does.
        var boot: BootView
        /// The devices of what is booted unattended, and why it cannot be.
        var devices = ""
        var damage: String?
        /// A digest of /etc of what is booted unattended, if that was asked for.
        var configuration = ""
        /// The devices of what is in the menu.
        var menuDevices: [String: String] = [:]
        /// Why a layer that is in the menu cannot be booted.
        var menuDamage: [String: String] = [:]
    }

    private let loader: any BootLoaderView
    private let layers: LayerView

    /// A judge of a disk whose partition `boot` is /boot and `group` the physical volume; it works in the directory `scratch`.
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

    /// What `state` boots, and what of `names` can be picked in the menu.
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

    /// The devices of `start`.
    ///
    /// - Throws: `MachineError.unexpected` where the product would make none.
    func plan(of start: BootView.Start, _ state: DiskState) throws -> DevicePlan {
        switch try layers.plan(start.arguments.joined(separator: " "), state) {
        case .success(let plan): return plan
        case .failure(let reason): throw MachineError.unexpected(reason.text)
        }
    }
}

public import ImgbasedCore
import ImgbasedLinux

/// Looks into what the boot menu offers, and changes nothing.
public enum BootInspection {
    /// What is there of the entries in `state`. Layers that are not active are not looked into.
    public static func findings(
        _ state: HostState, names: HostNames
    ) throws(HostFailure) -> BootAudit.Findings {
        var findings = BootAudit.Findings()
        let boot = state.boot
        let store = BootFileStore(directory: boot.directory + "/imgbased")
        findings.intact = boot.digests.filter(store.verify)
        for entry in BootPlanner.entries(boot) {
            for path in [entry.linux, entry.initrd] {
                // Paths of entries begin where the file system of `/boot` does.
                let place = boot.prefix.isEmpty ? boot.directory + path : path
                if HostSystem.exists(place) { findings.files.insert(path) }
            }
            let path = VolumePath(group: names.group, name: entry.layer)
            if state.volumes.contains(where: { $0.path == path && $0.isActive }) {
                findings.modules[entry.layer] = try modules(of: path, isBooted: state.booted == path)
            }
        }
        return findings
    }

    private static func modules(of layer: VolumePath, isBooted: Bool) throws(HostFailure) -> Set<String> {
        let directory = "/usr/lib/modules"
        let names: [String]
        if isBooted {
            names = try calling { () throws(SystemError) in try HostTree("/").names(in: directory) }
        } else {
            let type = try LayerProbe.type(ofDevice: layer.device, named: layer.name)
            names = try calling { () throws(SystemError) in
                try HostMount.mount(layer.device, type: type.rawValue, .untouched).names(in: directory)
            }
        }
        return Set(names)
    }
}

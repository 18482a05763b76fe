import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Inspects the entries of the boot menu and changes nothing.
public enum BootInspection {
    /// The findings on the entries in `state`. Inactive layers are not read.
    public static func findings(
        _ state: HostState, names: HostNames
    ) throws(HostFailure) -> BootAudit.Findings {
        var findings = BootAudit.Findings()
        let boot = state.boot
        let store = BootFileStore(directory: boot.directory + "/imgbased")
        findings.intact = boot.digests.filter(store.verify)
        for entry in BootPlanner.entries(boot) {
            for path in [entry.linux, entry.initrd] {
                if let place = place(of: path, boot), HostSystem.exists(place) { findings.files.insert(path) }
            }
            if findings.helpers[entry.initrd] == nil {
                findings.helpers[entry.initrd] = try helper(entry.initrd, boot)
            }
            let path = VolumePath(group: names.group, name: entry.layer)
            if state.volumes.contains(where: { $0.path == path && $0.isActive }) {
                do throws(HostFailure) {
                    try look(into: path, isBooted: state.booted == path, &findings)
                } catch {
                    findings.unread[entry.layer] = "\(error)"
                }
            }
        }
        return findings
    }

    /// `state`, with a note if the initramfs of `layer` lacks our helper.
    public static func looking(
        into layer: String, _ state: HostState
    ) throws(HostFailure) -> HostState {
        var state = state
        guard let entry = BootPlanner.entries(state.boot).first(where: { $0.layer == layer }) else {
            return state
        }
        if try helper(entry.initrd, state.boot) == .absent { state.boot.withoutHelper.insert(entry.initrd) }
        return state
    }

    /// Whether an initramfs has our helper; `nil` if there is no initramfs.
    private static func helper(_ initrd: String, _ boot: BootState) throws(HostFailure) -> HelperPresence? {
        guard let place = place(of: initrd, boot), HostSystem.exists(place) else { return nil }
        let tree = try calling(ConfinedTree("/"))
        return InitramfsProbe.helper(in: tree, place)
    }

    /// The host path of an entry's path, which starts at the root of the file system of `/boot`.
    ///
    /// `nil` if the path is strange (`BootEntry.isStrange`).
    private static func place(of path: String, _ boot: BootState) -> String? {
        if BootEntry.isStrange(path) { return nil }
        return boot.prefix.isEmpty ? boot.directory + path : path
    }

    private static func look(
        into layer: VolumePath, isBooted: Bool, _ findings: inout BootAudit.Findings
    ) throws(HostFailure) {
        let tree = try tree(of: layer, isBooted: isBooted)
        findings.modules[layer.name] = Set(
            try calling(tree.names(in: "/usr/lib/modules")))
        findings.tables[layer.name] = try LayerProbe.read(["/etc/fstab"], in: tree)
    }

    private static func tree(of layer: VolumePath, isBooted: Bool) throws(HostFailure) -> ConfinedTree {
        if isBooted { return try calling(ConfinedTree("/")) }
        let type = try LayerProbe.type(ofDevice: layer.device, named: layer.name)
        return try calling(HostMount.mount(layer.device, type: type.rawValue, .untouched))
    }
}

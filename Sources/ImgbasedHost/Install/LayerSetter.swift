import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Gives a layer the settings of an installation, on its privately mounted file system.
enum LayerSetter {
    private static let shadow = "/etc/shadow"
    private static let hostname = "/etc/hostname"
    private static let table = "/etc/fstab"
    private static let limit = 1 << 20

    static func run(_ setup: LayerSetup) throws(HostFailure) {
        let tree = try calling(
            HostMount.mount(setup.layer.device, type: setup.type.rawValue, .readWrite))
        try apply(setup, to: tree)
        try calling(tree.flush())
    }

    /// Applies `setup` to the layer in `tree`. The overlay comes first: the other settings are made in its
    /// files.
    static func apply(_ setup: LayerSetup, to tree: borrowing ConfinedTree) throws(HostFailure) {
        let settings = setup.settings
        if let overlay = settings.overlay {
            try calling { () throws(SystemError) in
                try tree.put(overlay.nodes, from: ConfinedTree(overlay.path).directory())
            }
        }
        if let name = settings.hostname {
            try calling(tree.replaceFile(hostname, contents: Array((name.text + "\n").utf8)))
        }
        if let password = settings.password {
            let old = try calling(tree.read(shadow, limit: limit)) ?? []
            guard let new = password.applied(to: old) else {
                throw .contents(.install(.noRoot(layer: setup.layer.name)))
            }
            try calling(tree.replaceFile(shadow, contents: new, permissions: 0o640))
        }
        if !settings.keys.isEmpty {
            let path = InstallSettings.keyPath
            let old = try calling(tree.read(path, limit: limit)) ?? []
            try calling(tree.makePrivateDirectory("/root/.ssh"))
            try calling(
                tree.replaceFile(
                    path, contents: settings.keys.reduce(old) { $1.added(to: $0) }, permissions: 0o600))
        }
        try calling(linkScript(in: tree))
        let old = try calling(tree.read(table, limit: limit)) ?? []
        let new = setup.table.applied(to: old, type: setup.type)
        if new != old { try calling(tree.replaceFile(table, contents: new)) }
    }

    /// Lets grub-mkconfig(8) in the layer keep the layers in the menu, as `imgbase boot install` does.
    private static func linkScript(in tree: borrowing ConfinedTree) throws(SystemError) {
        let script = GRUBConfig.keeper
        let directory = "/etc/grub.d"
        guard try tree.isDirectory(directory), try tree.openFile(script) != nil else { return }
        let name = Array("09_imgbased".utf8)
        let place = try tree.directory(behind: directory)
        if try place.look(at: name) != nil { return }
        try place.make(.link(Array(script.utf8)), as: name, .ofRoot)
    }
}

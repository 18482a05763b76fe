import ImgbasedCore

/// A symbolic link in `/etc/systemd/system` or `/etc/systemd/user`, and its effect on a unit.
///
/// systemd.unit(5), systemctl(1).
struct UnitLink: Hashable {
    /// The effect of a link.
    enum Kind: Hashable {
        /// Starts the unit with another, or under another name, as `systemctl enable` does.
        case enables(unit: [UInt8])
        /// Prevents any start of the unit: a link to `/dev/null` in its place.
        case masks(unit: [UInt8])
        /// Anything else: a unit elsewhere, a file of its settings, a masked dependency.
        case other
    }

    /// `system` or `user`.
    let scope: [UInt8]
    let kind: Kind
    /// The path it leads to; equal for two links to the same unit file.
    let meaning: [UInt8]

    /// The link from `path` to `target`; `nil` if `path` is not a place for links of units.
    init?(_ path: TreePath, target: [UInt8]) {
        let names = path.components
        guard names.count >= 4, names[0].elementsEqual("etc".utf8), names[1].elementsEqual("systemd".utf8),
            names[2].elementsEqual("system".utf8) || names[2].elementsEqual("user".utf8),
            let name = names.last
        else { return nil }
        scope = names[2]
        let place = UnitLink.place(target, from: path)
        let isNull = place.elementsEqual("/dev/null".utf8)
        let targetName = Array(place.split(separator: TreePath.slash).last ?? [])
        switch names.count {
        case 4 where !UnitLink.isUnit(name):
            // Such as a directory of settings, which is a link.
            kind = .other
            meaning = place
        case 4 where isNull:
            kind = .masks(unit: name)
            meaning = place
        case 4 where targetName != name:
            kind = .enables(unit: targetName)
            meaning = place
        case 5 where UnitLink.isDependencies(names[3]) && !isNull:
            // systemd goes by the name of such a link, not by its target.
            kind = .enables(unit: name)
            meaning = []
        default:
            kind = .other
            meaning = place
        }
    }

    /// The path that `target` means from the link at `path`.
    ///
    /// `/lib` counts as `/usr/lib`: the two are the same, or `/lib` is a link.
    private static func place(_ target: [UInt8], from path: TreePath) -> [UInt8] {
        guard let place = (path.parent ?? .root).resolving(target) else { return target }
        return place.bytes.starts(with: "/lib/".utf8) ? Array("/usr".utf8) + place.bytes : place.bytes
    }

    /// Whether `name` is that of a unit, by its ending (systemd.unit(5)).
    private static func isUnit(_ name: [UInt8]) -> Bool {
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")) else { return false }
        return types.contains(String(decoding: name[(dot + 1)...], as: UTF8.self))
    }

    private static let types: Set = [
        "automount", "device", "mount", "path", "scope", "service", "slice", "socket", "swap", "target",
        "timer",
    ]

    private static func isDependencies(_ directory: [UInt8]) -> Bool {
        [".wants", ".requires", ".upholds"].contains {
            directory.count > $0.utf8.count && directory.suffix($0.utf8.count).elementsEqual($0.utf8)
        }
    }
}

import ImgbasedCore

/// The preparation of the walk for the states of units.
extension CarryWalk {
    mutating func prepareUnits(_ level: Level) throws(TreeReadError) {
        let base = try unitLinks(level.base)
        let ours = try unitLinks(level.ours)
        let new = try unitLinks(level.new)
        guard !base.isEmpty || !ours.isEmpty || !new.isEmpty else { return }
        var units: Set<[UInt8]> = []
        for directory in UnitMerge.directories {
            for scope in ["system", "user"] {
                let names = TreePath(parsing: "\(directory)/\(scope)")?.components ?? []
                units.formUnion(try self.names(in: [try descend(names, from: root.new)]))
            }
        }
        var own: Set<TreePath> = []
        for (root, isOurs) in [(root.ours, true), (root.new, false)] {
            for (path, name) in try unitFiles(root) {
                units.insert(name)
                if isOurs { own.insert(path) }
            }
        }
        let ruled = Set(ours.keys).union(new.keys).filter {
            isCopied($0) || settings.policy.rule(for: $0) != nil
        }
        let states = UnitStates(
            // If the layer has a file, the new base's link is merged with that file.
            base: base, ours: ours, theirs: new.filter { !own.contains($0.key) }, units: units,
            masks: try masks(base: base, ours: ours, own: own), dangling: try dangling(ours), ruled: ruled)
        settings.units = states.decisions
        for note in states.notes { items.append(note.item) }
    }

    /// The unit files in `/etc` of a tree, with their names.
    private func unitFiles(_ root: Directory?) throws(TreeReadError) -> [(TreePath, [UInt8])] {
        var files: [(TreePath, [UInt8])] = []
        for scope in ["system", "user"] {
            let directory = try descend(["etc", "systemd", scope].map { Array($0.utf8) }, from: root)
            guard let directory, let path = TreePath(parsing: "/etc/systemd/\(scope)") else { continue }
            for name in try names(in: [directory]) where try directory.facts(of: name)?.isFile ?? false {
                files.append((try self.path(path, name), name))
            }
        }
        return files
    }

    /// The masks outside `/etc`, new in the new base, of units that the administrator enabled.
    private func masks(
        base: [TreePath: [UInt8]], ours: [TreePath: [UInt8]], own: Set<TreePath>
    ) throws(TreeReadError) -> Set<TreePath> {
        var masks: Set<TreePath> = []
        for (path, target) in ours where base[path] != target {
            guard let link = UnitLink(path, target: target), case .enables(let unit) = link.kind else {
                continue
            }
            for name in [unit] + UnitMerge.template(unit) {
                let place = TreePath(parsing: "/etc/systemd")?.appending(link.scope)?.appending(name)
                if let place, own.contains(place) { continue }
                guard let mask = try mask(link.scope, name, in: root.new),
                    try self.mask(link.scope, name, in: root.base) == nil
                else { continue }
                masks.insert(mask)
            }
        }
        return masks
    }

    /// The path where a base masks the unit `name` outside `/etc`; `nil` if it does not.
    ///
    /// The first file of the unit there counts: a link to `/dev/null` or an empty file masks
    /// (systemd.unit(5)).
    private func mask(
        _ scope: [UInt8], _ name: [UInt8], in root: Directory?
    ) throws(TreeReadError) -> TreePath? {
        for directory in UnitMerge.directories {
            guard let path = TreePath(parsing: directory)?.appending(scope)?.appending(name),
                case .node(let facts) = try sighting(path, in: root)
            else { continue }
            switch facts.kind {
            case .link(let target):
                let place = (path.parent ?? .root).resolving(target)
                return place?.bytes.elementsEqual("/dev/null".utf8) ?? false ? path : nil
            case .file(let size): return size == 0 ? path : nil
            default: return nil
            }
        }
        return nil
    }

    /// The layer's links to its own units that are neither carried nor in the new base.
    private func dangling(_ links: [TreePath: [UInt8]]) throws(TreeReadError) -> Set<TreePath> {
        var dangling: Set<TreePath> = []
        for (path, target) in links {
            guard let link = UnitLink(path, target: target), link.kind == .other, path.components.count == 4,
                let place = TreePath(parsing: link.meaning), settings.mode(of: place) == nil
            else { continue }
            // A unit missing here as well is on another volume, or was missing before.
            if case .nothing = try sighting(place, in: root.ours) { continue }
            // Behind a link, the unit may exist.
            if case .nothing = try sighting(place, in: root.new) { dangling.insert(path) }
        }
        return dangling
    }

    /// The links below `/etc/systemd/system` and `/etc/systemd/user`, with their targets.
    private func unitLinks(_ etc: Directory?) throws(TreeReadError) -> [TreePath: [UInt8]] {
        var links: [TreePath: [UInt8]] = [:]
        for scope in ["system", "user"] {
            let names = ["systemd", scope].map { Array($0.utf8) }
            guard let directory = try descend(names, from: etc),
                let path = TreePath(parsing: "/etc/systemd/\(scope)")
            else { continue }
            for name in try self.names(in: [directory]) {
                let place = try self.path(path, name)
                guard let facts = try directory.facts(of: name), !facts.isMountPoint else { continue }
                if case .link(let target) = facts.kind { links[place] = target }
                guard facts.isDirectory else { continue }
                let inner = try directory.directory(name)
                for entry in try self.names(in: [inner]) {
                    guard case .link(let target)? = try inner.facts(of: entry)?.kind else { continue }
                    links[try self.path(place, entry)] = target
                }
            }
        }
        return links
    }

    /// The directory at the path of `names`; `nil` if one of them is no directory.
    private func descend(_ names: [[UInt8]], from directory: Directory?) throws(TreeReadError) -> Directory? {
        var directory = directory
        for name in names {
            guard let here = directory, let facts = try here.facts(of: name), facts.isDirectory,
                !facts.isMountPoint
            else { return nil }
            directory = try here.directory(name)
        }
        return directory
    }
}

extension UnitNote {
    /// The note as an item of the report.
    var item: CarryItem {
        let place = TreePath(parsing: "/etc/systemd") ?? CarryScope.configuration
        return switch self {
        case .staysDisabled: CarryItem(place, .deleted, description)
        case .missing: CarryItem(place, .conflict, description)
        case .bothChanged(let path, _), .staysEnabled(_, let path), .masked(_, let path),
            .dangling(let path, _):
            CarryItem(path, .conflict, description)
        }
    }
}

import ImgbasedCore

/// The file-system tables of the layers that are not booted.
public struct LayerTables: Hashable, Sendable {
    /// The tables that were read; a layer without one has an empty one.
    public var read: [GroupRename.Table] = []
    /// The layers whose table cannot be read, each with the cause.
    public var unread: [String: String] = [:]

    /// No tables.
    public init() {}

    /// The goal for messages: `cannot …`.
    static let goal = "write the lines of data volumes into the layers"

    /// The steps that activate the layers of `group` that are not active, so that their tables can be read.
    static func opening(_ state: HostState, group: String) -> [VolumePath] {
        Layout(state.volumes, group: group).layers.filter { !$0.isActive && $0.path != state.booted }
            .map(\.path)
    }

    /// The plan that gives each layer the lines of the attached volumes, and places to mount them; the layers
    /// that were `opened` are deactivated again. A volume that has taken the place of files counts as
    /// attached first.
    func plan(_ state: HostState, names: HostNames, opened: [VolumePath]) -> Plan {
        var plan = Plan(goal: LayerTables.goal)
        let data = DataTable(state, group: names.group)
        for one in data.attached where !one.isAttached {
            plan.cleanup.append(.attachVolume(one.path, one.place, dropping: one.passingTags))
        }
        if state.booted != nil, state.keepsChanges {
            let contents = data.applied(to: state.config.fstab)
            if contents != state.config.fstab {
                plan.cleanup += [
                    .replaceFile(path: "/etc/fstab", contents: contents, isOnBoot: false), .reloadUnits,
                ]
            }
        }
        for table in read {
            let contents = data.applied(to: table.contents)
            if contents == table.contents { continue }
            // A layer that boots read-only cannot make them.
            plan.cleanup += data.attached.map {
                .makeLayerDirectory(table.layer, type: table.type, path: $0.place.text)
            }
            plan.cleanup.append(
                .replaceLayerFile(table.layer, type: table.type, path: "/etc/fstab", contents: contents))
        }
        let unread = unread.sorted { NaturalOrder.precedes($0.key, $1.key) }
        if !data.isEmpty, !unread.isEmpty {
            plan.cleanup.append(
                .tell(
                    unread.map {
                        JournalMessage(
                            .warning, layer: $0.key,
                            "the table of layer '\($0.key)' may lack the lines of data volumes: \($0.value)")
                    }, motd: nil))
        }
        plan.cleanup += opened.map { .deactivateVolume($0) }
        return plan
    }
}

extension Plan {
    /// Whether it writes a file-system table, or what these are derived from.
    var writesTables: Bool {
        steps.contains { step in
            switch step {
            case .replaceFile, .replaceLayerFile, .attachVolume: true
            default: false
            }
        }
    }
}

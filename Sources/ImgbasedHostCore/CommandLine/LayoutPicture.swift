public import ImgbasedCore

/// A picture of the host for a terminal: the group, the pool as a bar, bases and their layers.
public struct LayoutPicture: Sendable {
    /// The abilities of a terminal.
    public struct Style: Hashable, Sendable {
        /// The columns of the terminal.
        public var width: Int
        /// Whether it has colours.
        public var hasColours: Bool
        /// Whether it shows more than ASCII.
        public var isUnicode: Bool

        /// A style with these abilities.
        public init(width: Int, hasColours: Bool, isUnicode: Bool) {
            self.width = width
            self.hasColours = hasColours
            self.isUnicode = isUnicode
        }

        /// The style of a terminal of `width` columns, given the environment variables.
        ///
        /// `NO_COLOR` is that of no-color.org. `TERM` names the terminal (terminfo(5)): `dumb` and old
        /// terminals have no colours. The locale says whether text is UTF-8 (locale(7)).
        public init(width: Int, _ variable: (String) -> String?) {
            self.width = width
            let terminal = variable("TERM") ?? ""
            let colourless = ["", "dumb", "unknown", "vt"]
            hasColours =
                (variable("NO_COLOR") ?? "").isEmpty
                && !colourless.contains { $0 == terminal || ($0 == "vt" && terminal.hasPrefix($0)) }
            let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(variable).first { !$0.isEmpty } ?? ""
            isUnicode = ["UTF-8", "UTF8"].contains { locale.uppercased().hasSuffix($0) }
        }
    }

    /// A base, a layer or a data volume.
    public struct Row: Hashable, Sendable {
        /// The name; of a data volume, its place.
        public var name: String
        /// Whether it is a layer.
        public var isLayer: Bool
        /// The name of its operating system; of a data volume, its own name; `nil` if unknown.
        public var system: String?
        /// The creation time, in seconds since 1970; `nil` if the base is gone.
        public var created: Int64?
        /// Its size; `nil` if the base is gone.
        public var size: Bytes?
        /// The part of it that has data, its own or its base's; `nil` if unknown.
        public var data: Bytes?
        /// Its marks, the most important first.
        public var marks: [Mark]
    }

    /// A state of a base or layer that the picture shows.
    public enum Mark: String, Hashable, Sendable {
        /// This system runs from it.
        case booted
        /// It boots unattended.
        case `default`
        /// It is booted once, at the next boot.
        case once
        /// It is on trial.
        case trial
        /// It waits for the changes until shutdown.
        case staged = "not complete"
        /// It was the last to come up healthy.
        case lastGood = "last good"
        /// It came up healthy.
        case good
        /// It did not come up healthy.
        case bad
        /// It is not removed to make room.
        case pinned
        /// It has no entry in the boot menu.
        case unlisted = "no entry"
        /// The base was removed, and layers are left.
        case removed
        /// It is being removed.
        case beingRemoved = "being removed"
        /// Every layer mounts the data volume.
        case attached
        /// No layer mounts the data volume.
        case detached
        /// The data volume is attached, but not mounted.
        case missing = "not mounted"

        /// The colour: the parameter of ECMA-48's SGR.
        var colour: String {
            switch self {
            case .booted: "1;32"
            case .default, .lastGood, .good, .attached: "32"
            case .once, .trial, .pinned, .detached: "33"
            case .bad, .missing, .staged, .unlisted, .removed, .beingRemoved: "31"
            }
        }
    }

    /// The name of the group, its size and its free space.
    public let group: (name: String, size: Bytes, free: Bytes)?
    /// The pool; `nil` if there is none.
    public let pool: Volume?
    /// The bases, each with its layers after it, oldest first; then the data volumes.
    public let rows: [Row]

    /// The picture of the host in `state`.
    ///
    /// `systems` are the names of the operating systems of bases and layers, as far as known without their
    /// entries.
    public init(_ state: HostState, names: HostNames, systems: [String: String] = [:]) {
        group = state.groups.first { $0.name == names.group }.map { ($0.name, $0.size, $0.free) }
        pool = state.volume(names.poolPath)
        let layout = Layout(state.volumes, group: names.group)
        let entries = Dictionary(
            BootPlanner.entries(state.boot).map { ($0.layer, $0) }, uniquingKeysWith: { first, _ in first })
        let record = state.boot.record
        let defaultLayer = BootChoice.defaultLayer(record, Array(entries.values))
        func system(_ volume: String) -> String? { systems[volume] ?? entries[volume]?.system }
        let volumes = DataVolumeStatus.all(state, group: names.group)
        let bases: [Row] = layout.families.flatMap { family in
            let base = Row(
                name: family.name, isLayer: false,
                // A base is read only if that costs nothing; its oldest layer says the same.
                system: system(family.name) ?? family.layers.lazy.compactMap { system($0.name) }.first,
                created: family.base?.created, size: family.base?.size, data: family.base?.data,
                marks: [
                    family.base == nil ? .removed : nil, family.base?.isPinned == true ? .pinned : nil,
                    family.isBeingRemoved ? .beingRemoved : nil,
                ].compactMap { $0 })
            return [base]
                + family.layers.map { layer in
                    let name = layer.name
                    let health = entries[name]?.health
                    let marks: [Mark?] = [
                        layer.path == state.booted ? .booted : nil, name == defaultLayer ? .default : nil,
                        name == record.once ? .once : nil,
                        record.trial.map { $0.layer == name && $0.triesLeft > 0 } == true ? .trial : nil,
                        name == record.staged ? .staged : nil, name == record.good ? .lastGood : nil,
                        health == .good && name != record.good ? .good : nil, health == .bad ? .bad : nil,
                        entries[name] == nil ? .unlisted : nil,
                        layout.isBeingRemoved(layer) ? .beingRemoved : nil,
                    ]
                    return Row(
                        name: name, isLayer: true, system: system(name), created: layer.created,
                        size: layer.size, data: layer.data, marks: marks.compactMap { $0 })
                }
        }
        rows =
            bases
            + volumes.map { status in
                let volume = status.data.volume
                return Row(
                    name: status.data.place.text, isLayer: false, system: "volume \(volume.name)",
                    created: volume.created, size: volume.size, data: volume.data,
                    marks: [status.isMissing ? .missing : status.isAttached ? .attached : .detached])
            }
    }
}

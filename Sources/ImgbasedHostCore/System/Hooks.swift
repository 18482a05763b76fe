import ImgbasedCore

/// What the programs of administrators and packages are run for.
public enum HookEvent: String, Hashable, Sendable, CaseIterable {
    /// A base is written, and about to be declared complete.
    case newBaseAdded = "new-base-added"
    /// A layer is there but for its kernel, and about to be declared complete.
    case newLayerAdded = "new-layer-added"
    /// A base is about to be removed, before its layers.
    case preBaseRemoved = "pre-base-removed"
    /// A layer is about to be removed.
    case preLayerRemoved = "pre-layer-removed"
    /// A layer is gone.
    case layerRemoved = "layer-removed"
    /// The next boot is about to be of an older layer.
    case rollback = "rollback"

    /// Whether it is told when nothing can be undone any more.
    public var isAfterwards: Bool { self == .layerRemoved }
}

/// The programs there are for each event.
public struct Hooks: Hashable, Sendable {
    /// Where they are, each event with a directory of its own in these: a file takes the place of one of the same name in
    /// a directory before it.
    public static let directories = ["/usr/lib/imgbased/hooks.d", "/etc/imgbased/hooks.d"]

    /// What is in the directory of an event.
    public struct Listing: Hashable, Sendable {
        /// The directory.
        public var directory: String
        /// The names in it.
        public var names: [String]
        /// Those of them that are links to `/dev/null`: what they take the place of is not run, nor are they.
        public var masks: Set<String>

        /// A directory with these.
        public init(directory: String, names: [String], masks: Set<String> = []) {
            (self.directory, self.names, self.masks) = (directory, names, masks)
        }
    }

    private var programs: [HookEvent: [String]] = [:]

    /// None.
    public init() {}

    /// Adds those of `event`, where a listing takes precedence over those before it.
    public mutating func add(_ event: HookEvent, _ listings: [Listing]) {
        var places: [String: String?] = [:]
        for listing in listings {
            for name in DropIns.names(listing.names) {
                places[name] = .some(listing.masks.contains(name) ? nil : "\(listing.directory)/\(name)")
            }
        }
        programs[event] = DropIns.names(Array(places.keys)).compactMap { places[$0] ?? nil }
    }

    /// Those of `event`, in the order they are run in.
    public subscript(event: HookEvent) -> [String] { programs[event] ?? [] }

    /// The step that runs those of `event`; none where there are none.
    public func steps(
        _ event: HookEvent, group: String, base: String?, layer: String? = nil, fromLayer: String? = nil,
        tree: HookRun.Tree? = nil
    ) -> [Step] {
        if self[event].isEmpty { return [] }
        return [
            .runHooks(
                HookRun(
                    event: event, programs: self[event], group: group, base: base, layer: layer,
                    fromLayer: fromLayer, tree: tree))
        ]
    }
}

/// The programs that are run at one event, and what they are told.
public struct HookRun: Hashable, Sendable {
    /// A layer that is not booted, and that they can get at.
    public struct Tree: Hashable, Sendable {
        /// The layer.
        public var volume: VolumePath
        /// The type of its file system.
        public var type: FileSystemType

        /// The file system of `type` on `volume`.
        public init(_ volume: VolumePath, _ type: FileSystemType) {
            (self.volume, self.type) = (volume, type)
        }
    }

    /// What happens.
    public var event: HookEvent
    /// Their paths, in order.
    public var programs: [String]
    /// The volume group.
    public var group: String
    /// The base it is about, or the base of the layer.
    public var base: String?
    /// The layer it is about.
    public var layer: String?
    /// The layer that was the one before it.
    public var fromLayer: String?
    /// What is mounted for them.
    public var tree: Tree?

    /// A run of `programs`.
    public init(
        event: HookEvent, programs: [String], group: String, base: String? = nil, layer: String? = nil,
        fromLayer: String? = nil, tree: Tree? = nil
    ) {
        (self.event, self.programs, self.group) = (event, programs, group)
        (self.base, self.layer, self.fromLayer, self.tree) = (base, layer, fromLayer, tree)
    }

    /// The variable of its environment that tells a program which event it is run for, and that it is a hook.
    public static let marker = "IMGBASED_EVENT"

    /// What is being done, as in `cannot …`.
    public var goal: String { "run the hooks of \(event.rawValue)" }

    /// What each program is called with.
    public var arguments: [String] { [event.rawValue, layer ?? base ?? ""] }

    /// What is added to the environment of each, where the layer's tree is reached at `tree`.
    public func environment(tree: String?) -> [(name: String, value: String)] {
        let all: [(String, String?)] = [
            (HookRun.marker, event.rawValue), ("IMGBASED_VG", group), ("IMGBASED_BASE", base),
            ("IMGBASED_LAYER", layer), ("IMGBASED_FROM_LAYER", fromLayer), ("IMGBASED_TREE", tree),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}

extension HookRun: CustomStringConvertible {
    /// What is done, as one line for people.
    public var description: String {
        let names = programs.map { "'\($0.withoutControls)'" }
        return "run for \(event.rawValue): \(names.joined(separator: ", "))"
    }

    /// The same in detail, as a plan shows it.
    func lines() -> [String] {
        let mounting = tree.map {
            "mount \($0.volume.device) privately (\($0.type.rawValue)), flush and unmount it afterwards"
        }
        let environment = environment(tree: tree.map { _ in "<where that is reached>" })
            .map { "\($0.name)=\($0.value.singleQuoted)" }.joined(separator: " ")
        return [mounting].compactMap { $0 }
            + programs.map { "\(environment) \($0.withoutControls) \(arguments.joined(separator: " "))" }
    }
}

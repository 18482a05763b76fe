import ImgbasedCore

/// The events for which programs of administrators and packages run.
public enum HookEvent: String, Hashable, Sendable, CaseIterable {
    /// A base is written and will be declared complete.
    case newBaseAdded = "new-base-added"
    /// A layer lacks only its kernel and will be declared complete.
    case newLayerAdded = "new-layer-added"
    /// A base will be removed, before its layers.
    case preBaseRemoved = "pre-base-removed"
    /// A layer will be removed.
    case preLayerRemoved = "pre-layer-removed"
    /// A layer was removed.
    case layerRemoved = "layer-removed"
    /// The next boot will be of an older layer.
    case rollback = "rollback"

    /// Whether the hooks run after the change, when it cannot be undone.
    public var isAfterwards: Bool { self == .layerRemoved }
}

/// The programs for each event.
public struct Hooks: Hashable, Sendable {
    /// Their directories, each with one directory for each event. A file replaces one of the same name in an
    /// earlier directory.
    public static let directories = ["/usr/lib/imgbased/hooks.d", "/etc/imgbased/hooks.d"]

    /// The contents of the directory of an event.
    public struct Listing: Hashable, Sendable {
        /// The path of the directory.
        public var directory: String
        /// The names of its files.
        public var names: [String]
        /// The names that are links to `/dev/null`: neither these nor the files they replace are run.
        public var masks: Set<String>

        /// A directory with these contents.
        public init(directory: String, names: [String], masks: Set<String> = []) {
            (self.directory, self.names, self.masks) = (directory, names, masks)
        }
    }

    private var programs: [HookEvent: [String]] = [:]

    /// No programs for any event.
    public init() {}

    /// Adds the programs of `event`; a later listing takes precedence.
    public mutating func add(_ event: HookEvent, _ listings: [Listing]) {
        var places: [String: String?] = [:]
        for listing in listings {
            for name in DropIns.names(listing.names) {
                places[name] = .some(listing.masks.contains(name) ? nil : "\(listing.directory)/\(name)")
            }
        }
        programs[event] = DropIns.names(Array(places.keys)).compactMap { places[$0] ?? nil }
    }

    /// The programs of `event`, in the order in which they run.
    public subscript(event: HookEvent) -> [String] { programs[event] ?? [] }

    /// The step that runs the programs of `event`; none if there are no programs.
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

/// The programs that run for one event, and their input.
public struct HookRun: Hashable, Sendable {
    /// A layer that is not booted, and that the programs may access.
    public struct Tree: Hashable, Sendable {
        /// The volume of the layer.
        public var volume: VolumePath
        /// The type of its file system.
        public var type: FileSystemType

        /// The file system of `type` on `volume`.
        public init(_ volume: VolumePath, _ type: FileSystemType) {
            (self.volume, self.type) = (volume, type)
        }
    }

    /// The event they run for.
    public var event: HookEvent
    /// Their paths, in order.
    public var programs: [String]
    /// The name of the volume group.
    public var group: String
    /// The affected base, or the base of the affected layer.
    public var base: String?
    /// The affected layer; `nil` if none.
    public var layer: String?
    /// The layer before it; `nil` if none.
    public var fromLayer: String?
    /// The tree that is mounted for them; `nil` if none.
    public var tree: Tree?

    /// A run of `programs`.
    public init(
        event: HookEvent, programs: [String], group: String, base: String? = nil, layer: String? = nil,
        fromLayer: String? = nil, tree: Tree? = nil
    ) {
        (self.event, self.programs, self.group) = (event, programs, group)
        (self.base, self.layer, self.fromLayer, self.tree) = (base, layer, fromLayer, tree)
    }

    /// The environment variable that names the event, and shows a program that it is a hook.
    public static let marker = "IMGBASED_EVENT"

    /// The goal for messages: `cannot …`.
    public var goal: String { "run the hooks of \(event.rawValue)" }

    /// The arguments of each program.
    public var arguments: [String] { [event.rawValue, layer ?? base ?? ""] }

    /// The additional environment of each program; `tree` is the path of the layer's tree.
    public func environment(tree: String?) -> [(name: String, value: String)] {
        let all: [(String, String?)] = [
            (HookRun.marker, event.rawValue), ("IMGBASED_VG", group), ("IMGBASED_BASE", base),
            ("IMGBASED_LAYER", layer), ("IMGBASED_FROM_LAYER", fromLayer), ("IMGBASED_TREE", tree),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}

extension HookRun: CustomStringConvertible {
    /// The run in one line for people.
    public var description: String {
        let names = programs.map { "'\($0.withoutControls)'" }
        return "run for \(event.rawValue): \(names.joined(separator: ", "))"
    }

    /// The run in detail, for a plan.
    func lines() -> [String] {
        let mounting = tree.map {
            "mount \($0.volume.device) privately (\($0.type.rawValue)), flush and unmount it afterwards"
        }
        let environment = environment(tree: tree.map { _ in "<its mount point>" })
            .map { "\($0.name)=\($0.value.singleQuoted)" }.joined(separator: " ")
        return [mounting].compactMap { $0 }
            + programs.map { "\(environment) \($0.withoutControls) \(arguments.joined(separator: " "))" }
    }
}

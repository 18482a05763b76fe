import ImgbasedCore

/// The health of a layer, as far as a boot has shown it.
public enum LayerHealth: String, Hashable, Sendable {
    /// The layer's health is not known.
    case unknown
    /// The layer came up healthy.
    case good
    /// A health check of the layer failed.
    case bad
}

/// The menu entry of one layer: a file of the Boot Loader Specification, type 1.
public struct BootEntry: Hashable, Sendable {
    /// The name of the layer.
    public var layer: String
    /// The text in the menu; begins with the layer's name.
    public var title: String
    /// The version of the kernel; empty if the file has none.
    public var version: String
    /// The path of the kernel, from the root of the file system of `/boot`.
    public var linux: String
    /// The path of the initramfs, likewise.
    public var initrd: String
    /// The kernel arguments.
    public var options: BootArguments
    /// The arguments when the entry was made; any difference is the administrator's. `nil` if unknown.
    public var original: BootArguments?
    /// The time the layer was created, in seconds since 1970; it defines "newest".
    public var created: Int64
    /// The health of the layer.
    public var health = LayerHealth.unknown
    /// Why the layer is bad; `nil` if unknown.
    public var problem: String?
    /// Lines with other keys, which an administrator may have added.
    public var others: [String] = []

    /// An entry with these values, and unknown health.
    public init(
        layer: String, title: String, version: String, linux: String, initrd: String, options: BootArguments,
        created: Int64
    ) {
        self.layer = layer
        self.title = title
        self.version = version
        self.linux = linux
        self.initrd = initrd
        self.options = options
        self.created = created
    }

    private static let sortKey = "imgbased"
    private static let createdPrefix = "# created "
    private static let healthPrefix = "# health "
    private static let originalPrefix = "# original options"
    private static let namePrefix = "imgbased-"
    private static let nameSuffix = ".conf"

    /// The name of the file for `layer`.
    public static func fileName(for layer: String) -> String {
        namePrefix + layer + nameSuffix
    }

    /// The layer of the entry file `fileName`, or `nil` if the file is not ours.
    public static func layer(ofFile fileName: String) -> String? {
        guard fileName.hasPrefix(namePrefix), fileName.hasSuffix(nameSuffix) else { return nil }
        let name = String(fileName.dropFirst(namePrefix.count).dropLast(nameSuffix.count))
        return (try? VolumeName.check(name)).map { name }
    }

    /// Parses the `text` of the file for `layer`; `nil` if the kernel or the initramfs is missing.
    public init?(layer: String, text: String) {
        var values: [String: String] = [:]
        var options: [String] = []
        var created: Int64 = 0
        var health = LayerHealth.unknown
        var problem: String?
        var original: BootArguments?
        var others: [String] = []
        for line in text.split(whereSeparator: \.isNewline) {
            // Read as it would be written: keeping a line must not turn it into another.
            let line = String(line).withoutControls
            if line.hasPrefix(BootEntry.createdPrefix) {
                created = Int64(line.dropFirst(BootEntry.createdPrefix.count).trimmed) ?? 0
                continue
            }
            if line.hasPrefix(BootEntry.healthPrefix) {
                let words = line.dropFirst(BootEntry.healthPrefix.count).trimmed
                    .split(separator: " ", maxSplits: 1).map(String.init)
                health = words.first.flatMap(LayerHealth.init) ?? .unknown
                problem = health == .bad && words.count > 1 ? words[1] : nil
                continue
            }
            if line.hasPrefix(BootEntry.originalPrefix) {
                original = BootArguments(String(line.dropFirst(BootEntry.originalPrefix.count)))
                continue
            }
            let key = String(line.unicodeScalars.prefix { !$0.isBlank })
            let value = String(line.unicodeScalars.dropFirst(key.unicodeScalars.count)).trimmed
            switch key {
            case "title", "version", "linux": values[key] = value
            case "initrd" where values["initrd"] == nil: values["initrd"] = value
            case "options": options.append(value)
            case "sort-key" where value.hasPrefix(BootEntry.sortKey) || value == SystemdBoot.foremostKey:
                break
            case _ where key.hasPrefix("#"): break
            default: others.append(line)
            }
        }
        guard let linux = values["linux"], let initrd = values["initrd"], linux.hasPrefix("/"),
            initrd.hasPrefix("/")
        else { return nil }
        self.init(
            layer: layer, title: values["title"] ?? layer, version: values["version"] ?? "", linux: linux,
            initrd: initrd, options: BootArguments(options.joined(separator: "\n")), created: created)
        self.options.dropTrial()
        self.original = original
        self.health = health
        self.problem = problem
        self.others = others
    }

    /// The text of the file.
    public var text: String { text(sortKey: BootEntry.sortKey) }

    /// The text of the file with `sortKey`.
    func text(sortKey: String) -> String {
        var lines = ["\(BootEntry.createdPrefix)\(created)"]
        if health != .unknown {
            let words = [health.rawValue] + (problem.map { [$0.withoutControls] } ?? [])
            lines.append(BootEntry.healthPrefix + words.joined(separator: " "))
        }
        if let original { lines.append(([BootEntry.originalPrefix] + original.words).joined(separator: " ")) }
        lines.append("title \(title.withoutControls)")
        if !version.isEmpty { lines.append("version \(version.withoutControls)") }
        lines += [
            "sort-key \(sortKey)", "linux \(linux.withoutControls)", "initrd \(initrd.withoutControls)",
            "options \(options.words.joined(separator: " "))",
        ]
        return (lines + others.map(\.withoutControls)).map { $0 + "\n" }.joined()
    }

    /// Whether `path` contains `..`: at the top of a file system, a boot loader and Linux resolve it
    /// differently.
    public static func isStrange(_ path: String) -> Bool {
        path.split(separator: "/").contains("..")
    }

    /// The first path that contains `..`; `nil` if none.
    var strangePath: String? { [linux, initrd].first(where: BootEntry.isStrange) }

    /// The volume group that the entry names for its own layer; `nil` if it names none.
    var group: String? {
        let line = KernelCommandLine(options.words.joined(separator: " "))
        guard let volume = line.last("root").flatMap({ VolumeArgument(root: $0) }), volume.volume == layer
        else {
            return nil
        }
        return volume.group
    }

    /// Throws if the arguments are longer than the kernel accepts.
    func checkLength() throws(HostReason) {
        try options.checkLength(of: layer, linux: linux)
    }

    /// Whether `a` is newer than `b`; the menu shows newer layers first.
    public static func isNewer(_ a: BootEntry, than b: BootEntry) -> Bool {
        a.created != b.created ? a.created > b.created : NaturalOrder.precedes(b.layer, a.layer)
    }
}

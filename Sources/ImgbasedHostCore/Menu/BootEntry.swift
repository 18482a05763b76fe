import ImgbasedCore

/// What is known of a layer that was booted.
public enum LayerHealth: String, Hashable, Sendable {
    /// Nothing.
    case unknown
    /// It came up healthy.
    case good
    /// A check of its health failed.
    case bad
}

/// What the boot menu offers for one layer: a file of the Boot Loader Specification, type 1.
public struct BootEntry: Hashable, Sendable {
    /// The layer.
    public var layer: String
    /// What the menu shows; begins with the layer's name.
    public var title: String
    /// The kernel's version.
    public var version: String
    /// The kernel, from the root of the file system `/boot` is on.
    public var linux: String
    /// The initramfs, likewise.
    public var initrd: String
    /// The kernel's arguments.
    public var options: BootArguments
    /// What they were when the entry was made; what differs since is the administrator's. `nil` where that is not known.
    public var original: BootArguments?
    /// When the layer was created, in seconds since 1970; what "newest" means.
    public var created: Int64
    /// What is known of the layer.
    public var health = LayerHealth.unknown
    /// Why it is bad, where that is known.
    public var problem: String?
    /// Lines with other keys, as an administrator may have added them.
    public var others: [String] = []

    /// An entry of these parts.
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

    /// The layer whose entry a file named `fileName` is, or `nil` where it is somebody else's.
    public static func layer(ofFile fileName: String) -> String? {
        guard fileName.hasPrefix(namePrefix), fileName.hasSuffix(nameSuffix) else { return nil }
        let name = String(fileName.dropFirst(namePrefix.count).dropLast(nameSuffix.count))
        return (try? VolumeName.check(name)).map { name }
    }

    /// Parses the `text` of the file for `layer`; `nil` where what is needed to boot is missing.
    public init?(layer: String, text: String) {
        var values: [String: String] = [:]
        var options: [String] = []
        var created: Int64 = 0
        var health = LayerHealth.unknown
        var problem: String?
        var original: BootArguments?
        var others: [String] = []
        for line in text.split(whereSeparator: \.isNewline) {
            // Read as it would be written, so that no line turns into another by being kept.
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

    /// The text of the file that has `sortKey`.
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

    /// Whether `path` has `..` in it: at the top of a file system that leads nowhere for a boot loader, and elsewhere for Linux.
    public static func isStrange(_ path: String) -> Bool {
        path.split(separator: "/").contains("..")
    }

    /// The first of its paths that is so.
    var strangePath: String? { [linux, initrd].first(where: BootEntry.isStrange) }

    /// Whether `a` is newer than `b`: the menu's order.
    public static func isNewer(_ a: BootEntry, than b: BootEntry) -> Bool {
        a.created != b.created ? a.created > b.created : NaturalOrder.precedes(b.layer, a.layer)
    }
}

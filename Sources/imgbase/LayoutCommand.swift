import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase layout`.
struct LayoutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layout", abstract: "Lay out disks, or show the bases and layers.",
        discussion: "All lists start with the oldest.",
        subcommands: [Show.self, Init.self, Bases.self, Layers.self, FreeSpace.self],
        defaultSubcommand: Show.self)

    private static let goal = "show the layout"

    /// `imgbase layout` alone.
    struct Show: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show the bases with their layers as a tree.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            var (state, names, layout) = try await context.volumes(goal)
            let style = context.isJSON ? nil : Terminal.output
            if context.isJSON || style != nil {
                do throws(HostFailure) { try await context.session.probe.addMenu(to: &state) } catch {
                    Terminal.error("imgbase: the boot menu is left out: \(error)")
                }
            }
            let booted = state.booted
            let system = booted.flatMap { layer in LayerProbe.runningSystem().map { [layer.name: $0] } }
            let picture = LayoutPicture(state, names: names, systems: system ?? [:])
            let families = layout.families.map { FamilyResult($0, booted: booted, picture) }
            guard let style, !families.isEmpty else {
                let lines =
                    layout.lines(booted: booted)
                    + DataVolumeStatus.all(state, group: names.group).map(\.line)
                return context.result(families, lines: lines.isEmpty ? ["\(HostReason.noBase)"] : lines)
            }
            for line in picture.lines(style) { print(line) }
        }
    }

    /// `imgbase layout init`.
    struct Init: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "init",
            abstract: "Make the volume group, the pool and /config, on disks or in the existing group.",
            discussion: """
                With --from, the running system becomes a base with a layer, which the next boot tries. The old root \
                stays as it is, and is booted again unless the layer comes up healthy. If the command is interrupted, \
                run it again.
                """)

        @Option(
            help: ArgumentHelp(
                "Convert the running system: / or its device or volume, as VG/LV.", valueName: "root"))
        var from: String?

        @Option(help: "The size of the base made of the system. (default: that of its file system)")
        var baseSize: String?

        @Option(
            help: "The name of that base, as NAME-VERSION-RELEASE. (default: the next Base-N)")
        var name: String?

        @Option(help: "The size of the pool. (default: most of the group)")
        var size: String?

        @Option(help: "The size of the volume for /config. (default: 64M)")
        var configSize: String?

        @Argument(
            help: ArgumentHelp("The disks or partitions to use, which must be empty.", valueName: "pv"),
            completion: .file())
        var disks: [String] = []

        @OptionGroup var volumes: VolumeOptions

        @OptionGroup var shownProgress: ProgressOptions

        @OptionGroup var global: GlobalOptions

        func checkUsage() throws {
            if from == nil, baseSize != nil || name != nil || !shownProgress.isEmpty {
                throw ValidationError("--base-size, --name and --progress have a meaning only with --from")
            }
            try options.check()
            try volumes.check()
            for disk in disks where !disk.hasPrefix("/") {
                throw ValidationError("'\(disk)' is not the path of a device, as /dev/sdb")
            }
            for text in [size, configSize] { _ = try text.map(Bytes.init(argument:)) }
        }

        /// The options of the base.
        private var options: ImageOptions {
            var options = ImageOptions()
            (options.size, options.name, options.filesystem) = (baseSize, name, nil)
            options.shownProgress = shownProgress
            return options
        }

        func execute(_ context: Context) async throws {
            if let from { return try await convert(from, context) }
            let names = try await context.session.initialize(
                disks: disks, size: try size.map(Bytes.init(argument:)),
                configSize: try configSize.map(Bytes.init(argument:)), volumes: try volumes.volumes())
            context.done(
                ["volumeGroup": names.group, "pool": names.pool], lines: ["\(names.group)/\(names.pool)"])
            await context.close(.laidOut(names))
        }

        private func convert(_ root: String, _ context: Context) async throws {
            let (done, notices) = try await options.open("/") {
                try await context.session.convert(
                    root: root, disks: disks, size: try size.map(Bytes.init(argument:)),
                    configSize: try configSize.map(Bytes.init(argument:)), volumes: try volumes.volumes(), $0)
            }
            context.done(
                ConversionResult(
                    volumeGroup: done.names.group, pool: done.names.pool, base: done.base, layer: done.layer,
                    notices: notices),
                lines: [done.layer].compactMap { $0 })
            if let layer = done.layer { await context.close(.converted(layer)) }
        }
    }

    /// `imgbase layout bases`.
    struct Bases: HostCommand {
        static let configuration = CommandConfiguration(commandName: "bases", abstract: "List the bases.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let names = try await context.volumes(goal).layout.bases.map(\.name)
            context.result(names, lines: names)
        }
    }

    /// `imgbase layout layers`.
    struct Layers: HostCommand {
        static let configuration = CommandConfiguration(commandName: "layers", abstract: "List the layers.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let names = try await context.volumes(goal).layout.layers.map(\.name)
            context.result(names, lines: names)
        }
    }

    /// `imgbase layout free-space`.
    struct FreeSpace: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "free-space", abstract: "Show the free space of the pool.")

        @Option(help: "The unit: b, k, m, g or t. (default: one that suits)")
        var units: String?

        @OptionGroup var global: GlobalOptions

        func checkUsage() throws {
            if let units, SizeUnit(units) == nil {
                throw ValidationError("'\(units)' is not a unit; use b, k, m, g or t")
            }
        }

        func execute(_ context: Context) async throws {
            let goal = "show the free space"
            let (state, names, _) = try await context.volumes(goal)
            let pool = try context.answer(
                goal, state.volumes.first { $0.path == names.poolPath }, or: .noPool(names.poolPath))
            let usage = try context.answer(goal, pool.usage, or: .poolInactive(pool.path))
            let free = usage.free(of: pool.size)
            let text = units.flatMap { SizeUnit($0) }.map { free.formatted(in: $0) } ?? free.formatted
            context.result(["bytes": free.count], lines: [text])
        }
    }
}

/// The result of a conversion, as JSON.
private struct ConversionResult: Encodable {
    var volumeGroup: String
    var pool: String
    /// The new base; `nil` if an interrupted run had made it.
    var base: String?
    var layer: String?
    /// The notices about the copy.
    var notices: [String]
}

/// A base and its layers, as JSON.
struct FamilyResult: Encodable {
    struct Member: Encodable {
        var name: String
        var created: Int64
        var size: UInt64
        var isBooted: Bool
        var isBeingRemoved: Bool
        /// The name of its operating system.
        var system: String?
        /// The bytes of it that have data, its own or its base's.
        var data: UInt64?
        /// The marks of the picture.
        var marks: [String]
    }

    var base: String
    var isRemoved: Bool
    var isPinned: Bool
    var isBeingRemoved: Bool
    var digest: String?
    var layers: [Member]
    var created: Int64?
    var size: UInt64?
    var system: String?
    var data: UInt64?

    init(_ family: Layout.Family, booted: VolumePath?, _ picture: LayoutPicture) {
        func row(_ name: String) -> LayoutPicture.Row? { picture.rows.first { $0.name == name } }
        created = family.base?.created
        size = family.base?.size.count
        system = row(family.name)?.system
        data = family.base?.data?.count
        base = family.name
        isRemoved = family.base == nil
        isPinned = family.base?.isPinned == true
        let isBeingRemoved = family.base?.isMarkedForRemoval == true
        self.isBeingRemoved = isBeingRemoved
        digest = family.base?.tags.first { $0.hasPrefix(Tag.digestPrefix) }
            .map { String($0.dropFirst(Tag.digestPrefix.count)) }
        layers = family.layers.map {
            Member(
                name: $0.name, created: $0.created, size: $0.size.count, isBooted: $0.path == booted,
                isBeingRemoved: isBeingRemoved || $0.isMarkedForRemoval, system: row($0.name)?.system,
                data: $0.data?.count, marks: row($0.name)?.marks.map(\.rawValue) ?? [])
        }
    }
}

extension Bytes {
    /// Parses a size given on the command line.
    init(argument: String) throws {
        do {
            try self.init(parsing: argument)
        } catch {
            throw ValidationError(error.description)
        }
    }
}

import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase layout`.
struct LayoutCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "layout", abstract: "Lay out disks, or show the bases and layers.",
        discussion: """
            Without an option, it shows the bases with their layers as a tree. All lists start with the \
            oldest.
            """)

    @Flag(help: "Make the volume group, the pool and /config, on the disks or in the existing group.")
    var `init` = false

    @Flag(help: "Show the free space of the pool.")
    var freeSpace = false

    @Flag(help: "List the bases.")
    var bases = false

    @Flag(help: "List the layers.")
    var layers = false

    @Option(help: "The size of the pool. (default: most of the group)")
    var size: String?

    @Option(help: "The size of the volume for /config. (default: 64M)")
    var configSize: String?

    @Option(help: "The unit of the free space: b, k, m, g or t. (default: one that suits)")
    var units: String?

    @Argument(help: ArgumentHelp("The disks or partitions to use, which must be empty.", valueName: "pv"))
    var disks: [String] = []

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        let modes = [
            ("--init", `init`), ("--free-space", freeSpace), ("--bases", bases), ("--layers", layers),
        ]
        let chosen = modes.filter(\.1).map(\.0)
        if chosen.count > 1 {
            throw ValidationError("\(chosen.joined(separator: " and ")) cannot be combined")
        }
        if !`init` {
            if let disk = disks.first { throw ValidationError("'\(disk)' has a meaning only with --init") }
            if size != nil || configSize != nil {
                throw ValidationError("sizes have a meaning only with --init")
            }
        }
        if units != nil, !freeSpace { throw ValidationError("--units has a meaning only with --free-space") }
        if let units, SizeUnit(units) == nil {
            throw ValidationError("'\(units)' is not a unit; use b, k, m, g or t")
        }
        for disk in disks where !disk.hasPrefix("/") {
            throw ValidationError("'\(disk)' is not the path of a device, as /dev/sdb")
        }
        for text in [size, configSize] { _ = try text.map(Bytes.init(argument:)) }
    }

    func execute(_ context: Context) async throws {
        if `init` {
            let names = try await context.session.initialize(
                disks: disks, size: try size.map(Bytes.init(argument:)),
                configSize: try configSize.map(Bytes.init(argument:)))
            context.done(
                ["volumeGroup": names.group, "pool": names.pool], lines: ["\(names.group)/\(names.pool)"])
        } else if freeSpace {
            try await showFreeSpace(context)
        } else {
            let (state, _, layout) = try await context.volumes("show the layout")
            if bases {
                context.result(layout.bases.map(\.name), lines: layout.bases.map(\.name))
            } else if layers {
                context.result(layout.layers.map(\.name), lines: layout.layers.map(\.name))
            } else {
                let lines = layout.lines(booted: state.booted)
                context.result(
                    layout.families.map { FamilyResult($0, booted: state.booted) },
                    lines: lines.isEmpty ? ["\(HostReason.noBase)"] : lines)
            }
        }
    }

    private func showFreeSpace(_ context: Context) async throws {
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

/// A base and its layers, as JSON.
struct FamilyResult: Encodable {
    struct Member: Encodable {
        var name: String
        var created: Int64
        var size: UInt64
        var isBooted: Bool
        var isBeingRemoved: Bool
    }

    var base: String
    var isRemoved: Bool
    var isPinned: Bool
    var isBeingRemoved: Bool
    var digest: String?
    var layers: [Member]

    init(_ family: Layout.Family, booted: VolumePath?) {
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
                isBeingRemoved: isBeingRemoved || $0.isMarkedForRemoval)
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

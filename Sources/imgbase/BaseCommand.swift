import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase base`.
struct BaseCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "base", abstract: "Add, remove, pin, verify or name a base.")

    @Flag(help: "Write an image as a new base, and print the base's name.")
    var add = false

    @Flag(help: "Print the name of the newest base.")
    var latest = false

    @Option(help: ArgumentHelp("Print the name of the base a layer came from.", valueName: "layer"))
    var ofLayer: String?

    @Option(
        help: ArgumentHelp("Remove this base and its layers, and print the space freed.", valueName: "base")
    )
    var remove: String?

    @Flag(
        help: """
            With --remove, even if the base is pinned, or a layer of it is the default, the last good one, \
            on trial, to be tried once it is complete, or to be booted once.
            """)
    var force = false

    @Option(help: ArgumentHelp("Keep this base when room is made for another.", valueName: "base"))
    var pin: String?

    @Option(help: ArgumentHelp("Allow this base to be removed again when room is made.", valueName: "base"))
    var unpin: String?

    @OptionGroup var options: ImageOptions

    @Flag(help: "Prove that a base, or each, is unchanged since it was added.")
    var verify = false

    @Argument(
        help: """
            The image: an ext4 or xfs file system, a live image, a squashfs, a tar or an OCI image, as it is \
            or compressed by gzip, xz or zstd; a file, a device, or - for standard input. With --verify: a \
            base.
            """)
    var image: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        let modes = [
            ("--add", add), ("--latest", latest), ("--of-layer", ofLayer != nil), ("--remove", remove != nil),
            ("--pin", pin != nil), ("--unpin", unpin != nil), ("--verify", verify),
        ]
        let chosen = modes.filter(\.1).map(\.0)
        if chosen.isEmpty {
            throw ValidationError("say what to do; 'imgbase base --help' lists it")
        }
        if chosen.count > 1 {
            throw ValidationError("\(chosen.joined(separator: " and ")) cannot be combined")
        }
        if add, image == nil { throw ValidationError("--add needs an image, or - for standard input") }
        if !add, !verify, let image {
            throw ValidationError("'\(image)' has a meaning only with --add or --verify")
        }
        if force, remove == nil { throw ValidationError("--force has a meaning only with --remove") }
        if !add, !options.isEmpty {
            throw ValidationError("--size, --name and --filesystem have a meaning only with --add")
        }
        if !add, !verify, !options.shownProgress.isEmpty {
            throw ValidationError("--progress has a meaning only with --add or --verify")
        }
        if verify, global.dry { throw ValidationError("--verify changes nothing, so --dry has no meaning") }
    }

    func execute(_ context: Context) async throws {
        if add, let image {
            let (name, notices) = try await options.open(image) { try await context.session.addBase($0) }
            if let name { context.done(AddedBase(name: name, notices: notices), lines: [name]) }
        } else if let remove {
            context.removed(try await context.session.remove(.base(remove), isForced: force))
        } else if let base = pin ?? unpin {
            try await context.session.pin(base, isPinned: pin != nil)
            context.done(["pinned": pin != nil])
        } else if verify {
            try await verifyBases(context)
        } else if let ofLayer {
            let goal = "name the base of '\(ofLayer)'"
            let (_, _, layout) = try await context.volumes(goal)
            let layer = try context.answer(goal, layout[ofLayer], or: .unknown(ofLayer))
            let base = try context.answer(
                goal, layer.isLayer ? layer.baseName : nil, or: .notALayer(ofLayer))
            context.result(["name": base], lines: [base])
        } else {
            let goal = "name the newest base"
            let (_, _, layout) = try await context.volumes(goal)
            let base = try context.answer(goal, layout.latestBase, or: .noBase)
            context.result(["name": base.name], lines: [base.name])
        }
    }
}

/// An added base, as JSON.
private struct AddedBase: Encodable {
    var name: String
    /// The notices about its image.
    var notices: [String]
}

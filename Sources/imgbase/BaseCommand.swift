import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase base`.
struct BaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "base", abstract: "Add, remove, pin, verify or name a base.",
        subcommands: [
            Add.self, Remove.self, Pin.self, Unpin.self, Verify.self, Latest.self, OfLayer.self,
        ])

    /// `imgbase base add`.
    struct Add: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Write an image as a new base, and print the base's name.")

        @OptionGroup var options: ImageOptions

        @Argument(
            help: """
                The image: an ext4 or xfs file system, a live image, a squashfs, a tar or an OCI image, as it \
                is or compressed by gzip, xz or zstd; a file, a device, an address such as https://HOST/IMAGE, or - \
                for standard input.
                """, completion: .file())
        var image: String

        @OptionGroup var global: GlobalOptions

        func checkUsage() throws { try options.check() }

        func execute(_ context: Context) async throws {
            let (name, notices) = try await options.open(image) { try await context.session.addBase($0) }
            guard let name else { return }
            context.done(AddedBase(name: name, notices: notices), lines: [name])
            await context.close(.addedBase(name))
        }
    }

    /// `imgbase base remove`.
    struct Remove: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove", abstract: "Remove a base and its layers, and print the space freed.")

        @Argument(help: "The base.", completion: .bases)
        var base: String

        @Flag(
            help: """
                Even if the base is pinned, or a layer of it is the default, the last good one, on trial, to be \
                tried once it is complete, or to be booted once.
                """)
        var force = false

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            context.removed(try await context.session.remove(.base(base), isForced: force))
            await context.close(.nextBoot)
        }
    }

    /// `imgbase base pin`.
    struct Pin: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "pin", abstract: "Keep a base when room is made for another.")

        @Argument(help: "The base.", completion: .bases)
        var base: String

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            try await context.session.pin(base, isPinned: true)
            context.done(["pinned": true])
            await context.close(.pinned(base, true))
        }
    }

    /// `imgbase base unpin`.
    struct Unpin: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "unpin", abstract: "Allow a base to be removed again when room is made.")

        @Argument(help: "The base.", completion: .bases)
        var base: String

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            try await context.session.pin(base, isPinned: false)
            context.done(["pinned": false])
            await context.close(.pinned(base, false))
        }
    }

    /// `imgbase base latest`.
    struct Latest: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "latest", abstract: "Print the name of the newest base.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let goal = "name the newest base"
            let (_, _, layout) = try await context.volumes(goal)
            let base = try context.answer(goal, layout.latestBase, or: .noBase)
            context.result(["name": base.name], lines: [base.name])
        }
    }

    /// `imgbase base of-layer`.
    struct OfLayer: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "of-layer", abstract: "Print the name of the base a layer came from.")

        @Argument(help: "The layer.", completion: .layers)
        var layer: String

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let goal = "name the base of '\(layer)'"
            let (_, _, layout) = try await context.volumes(goal)
            let volume = try context.answer(goal, layout[layer], or: .unknown(layer))
            let base = try context.answer(
                goal, volume.isLayer ? volume.baseName : nil, or: .notALayer(layer))
            context.result(["name": base], lines: [base])
        }
    }
}

/// An added base, as JSON.
private struct AddedBase: Encodable {
    var name: String
    /// The notices about its image.
    var notices: [String]
}

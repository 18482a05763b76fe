import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase volume`.
struct VolumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "volume", abstract: "Keep data on volumes that all layers share.",
        discussion: """
            A data volume is a thin volume that every layer mounts at the same path, so that updates and rollbacks \
            leave its files alone.
            """, subcommands: [List.self, Create.self, Attach.self, Detach.self, Remove.self],
        defaultSubcommand: List.self)

    /// `imgbase volume list`.
    struct List: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the data volumes.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let (state, names, _) = try await context.boot("list the data volumes")
            let rows = DataVolumeStatus.all(state, group: names.group)
            context.result(rows.map(VolumeResult.init), lines: rows.map(\.line))
        }
    }

    /// `imgbase volume create`.
    struct Create: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Make a volume with the files of a directory, which it replaces in every layer.",
            discussion: """
                No program may have anything open in the directory. The files of this layer stay below the mount, \
                unseen. If the command is interrupted, run it again.
                """)

        @Argument(help: "The directory, as /srv.", completion: .directory)
        var path: String

        @Argument(help: "The size of the volume, as 10G.")
        var size: String

        @OptionGroup var global: GlobalOptions

        func checkUsage() throws { _ = try Bytes(argument: size) }

        func execute(_ context: Context) async throws {
            let place = try DataPlace(argument: path, "create a volume")
            let done = try await context.session.changeVolume(.create(try Bytes(argument: size)), at: place)
            guard let done else { return }
            context.made(done.volume.name)
            await context.close(.attachedVolume(done.volume.name, place, below: done.layer))
        }
    }

    /// `imgbase volume attach`.
    struct Attach: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "attach", abstract: "Mount a volume at a directory in every layer.",
            discussion: "No program may have anything open in the directory.")

        @Argument(help: "The directory, as /srv.", completion: .directory)
        var path: String

        @Argument(help: "A thin volume of the pool, by name. (default: the data volume for that directory)")
        var volume: String?

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let place = try DataPlace(argument: path, "attach a volume")
            let done = try await context.session.changeVolume(.attach(volume: volume), at: place)
            guard let done else { return }
            context.made(done.volume.name)
            await context.close(.attachedVolume(done.volume.name, place, below: done.layer))
        }
    }

    /// `imgbase volume detach`.
    struct Detach: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "detach",
            abstract: "Mount a volume no more, from the next start of each layer on. It keeps its data.")

        @Argument(help: "The directory, as /srv.", completion: .directory)
        var path: String

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let place = try DataPlace(argument: path, "detach a volume")
            guard let done = try await context.session.changeVolume(.detach, at: place) else { return }
            context.made(done.volume.name)
            await context.close(.detachedVolume(done.volume.name, place))
        }
    }

    /// `imgbase volume remove`.
    struct Remove: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove", abstract: "Remove a detached volume with its data.")

        @Argument(help: "The directory that the volume is for.", completion: .directory)
        var path: String

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let place = try DataPlace(argument: path, "remove a volume")
            guard let done = try await context.session.changeVolume(.remove, at: place) else { return }
            let (name, data) = (done.volume.name, done.before?.volume.data)
            context.done(
                RemovedVolume(removed: name, data: data?.count),
                lines: [
                    "removed volume '\(name)' for '\(place)'"
                        + (data.map { ", with \($0.formatted) of data" } ?? "")
                ])
        }
    }
}

/// A data volume, as JSON.
struct VolumeResult: Encodable {
    var path: String
    var volume: String
    var volumeGroup: String
    var size: UInt64
    /// The bytes of it that have data.
    var data: UInt64?
    var isAttached: Bool
    var isOpen: Bool

    init(_ status: DataVolumeStatus) {
        let volume = status.data.volume
        (path, self.volume, volumeGroup) = (status.data.place.text, volume.name, volume.path.group)
        (size, data) = (volume.size.count, volume.data?.count)
        (isAttached, isOpen) = (status.isAttached, volume.isOpen)
    }
}

/// What was removed, as JSON.
private struct RemovedVolume: Encodable {
    var removed: String
    var data: UInt64?
}

extension DataPlace {
    /// Parses a path given on the command line; `goal` is what cannot be done otherwise.
    fileprivate init(argument: String, _ goal: String) throws {
        guard let place = DataPlace(argument) else { throw HostRefusal(goal, .data(.noPlace(argument))) }
        self = place
    }
}

import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase update`.
struct UpdateCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Update the host to a new image, with the administrator's changes.",
        discussion: """
            The image becomes a base. A layer on it gets the configuration of the booted layer and is booted \
            next, on trial. The booted layer does not change: if the new one does not come up healthy, it is \
            booted again.
            """)

    @OptionGroup var options: ImageOptions

    @Option(help: ArgumentHelp("The number of tries of the new layer, 1 to 9. (default: 3)", valueName: "n"))
    var tries: Int?

    @Flag(
        help: "Show what would be carried and what conflicts; without an image, for the update that waits."
    )
    var preview = false

    // Only the system's unit calls it.
    @Flag(
        help: ArgumentHelp(
            "Carry the changes made since the update; the system does so at shutdown.", visibility: .hidden))
    var complete = false

    @Argument(
        help: "The image: a file, a device, an address such as https://HOST/IMAGE, or - for standard input.",
        completion: .file())
    var image: String?

    @OptionGroup var global: GlobalOptions

    func checkUsage() throws {
        try options.check()
        let isPlain = options.isEmpty && options.shownProgress.isEmpty
        if complete, preview || image != nil || tries != nil || !isPlain {
            throw ValidationError("--complete stands alone")
        }
        if image == nil {
            if !preview, !complete { throw ValidationError("give an image, or - for standard input") }
            if !isPlain {
                throw ValidationError(
                    "--name, --size, --filesystem and --progress have a meaning only with an image")
            }
        }
        if preview, tries != nil { throw ValidationError("--tries has no meaning with --preview") }
        try checkTries(tries)
    }

    func execute(_ context: Context) async throws {
        if complete {
            if let result = try await context.session.complete() { context.carried(result, isPreview: false) }
            return
        }
        guard let image else {
            return context.carried(try await context.session.previewStaged(), isPreview: true)
        }
        let session = context.session
        if preview {
            let (result, notices) = try await options.open(image) { try await session.preview($0) }
            return context.carried(result, notices, isPreview: true)
        }
        let tries = tries ?? BootRecord.Trial.defaultTries
        let (result, notices) = try await options.open(image) {
            try await session.update($0, tries: tries) { report in
                // At once, since a later step may fail.
                if !context.isDry { Terminal.error("imgbase: \(report.line), for 'keep' in imgbased.conf") }
            }
        }
        if result.isResumed {
            Terminal.error(
                "imgbase: an update that was interrupted is finished; for another image, run this again")
        }
        context.carried(result, notices, isPreview: false)
        if let layer = result.layer { await context.close(.updated(layer)) }
    }
}

/// The command `imgbase rollback`.
struct RollbackCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Go back to the previous layer, on trial.",
        discussion: """
            An update that was not booted yet is taken back: the booted layer is booted again. After that, \
            the newest older layer that came up healthy is tried, or else the newest that was never booted.
            """)

    @Option(help: ArgumentHelp("The layer to go back to.", valueName: "layer"), completion: .layers)
    var to: String?

    @Flag(help: "Go back to a new layer on the older base, with the configuration of the booted one.")
    var carryEtc = false

    @Flag(help: "With --carry-etc, show what would be carried and what conflicts, and change nothing.")
    var preview = false

    @Option(help: ArgumentHelp("The number of tries of the layer, 1 to 9. (default: 3)", valueName: "n"))
    var tries: Int?

    @Argument(help: .hidden, completion: .layers)
    var word: String?

    @OptionGroup var global: GlobalOptions

    func checkUsage() throws {
        if let word { throw ValidationError("name the layer with --to \(word)") }
        if preview, !carryEtc { throw ValidationError("--preview has a meaning only with --carry-etc") }
        try checkTries(tries)
    }

    func execute(_ context: Context) async throws {
        if preview {
            return context.carried(try await context.session.previewRollback(to: to), isPreview: true)
        }
        let result = try await context.session.rollback(
            to: to, carriesConfiguration: carryEtc, tries: tries ?? BootRecord.Trial.defaultTries)
        context.carried(result, isPreview: false)
        if let layer = result.layer { await context.close(.wentBack(layer)) }
    }
}

/// Throws if a number of tries cannot be recorded.
func checkTries(_ tries: Int?) throws {
    if let tries, !BootRecord.Trial.range.contains(tries) {
        throw ValidationError("--tries must be 1 to 9, not \(tries)")
    }
}

extension Context {
    /// Prints the report of the carry, done or previewed, and the layer booted next.
    fileprivate func carried(_ result: Session.Result, _ notices: [String] = [], isPreview: Bool) {
        var lines = (result.packages?.lines ?? []) + (result.report?.lines ?? [])
        if result.report?.left.isEmpty == false {
            lines.append(
                "what is left stays in the layer, which an update removes only if it needs the room, until "
                    + "'imgbase status --acknowledge'")
        }
        if let layer = result.layer, !isPreview { lines.append(layer) }
        done(
            CarryResult(
                layer: result.layer, isResumed: result.isResumed,
                removed: result.removed.flatMap(\.names), carried: result.report, packages: result.packages,
                notices: notices),
            lines: lines)
    }
}

private struct CarryResult: Encodable {
    var layer: String?
    /// Whether an interrupted update was finished and the given image not read.
    var isResumed: Bool
    /// The bases and layers removed to make room.
    var removed: [String]
    var carried: CarryReport?
    /// What became, or would become, of packages that the administrator added.
    var packages: PackageRecord?
    /// The notices about the image.
    var notices: [String]
}

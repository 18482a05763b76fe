import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import Synchronization

/// The options of an image that becomes a base.
struct ImageOptions: ParsableArguments {
    @Option(help: "The size of the base. (default: that of the image, or what its files need)")
    var size: String?

    @Option(help: "The name of the base, as NAME-VERSION-RELEASE. (default: the next Base-N)")
    var name: String?

    @Option(
        help: "The file system made for an image of files: ext4 or xfs. (default: that of the running root)")
    var filesystem: NewFileSystem?

    @OptionGroup var shownProgress: ProgressOptions

    /// Whether none of these options is given.
    var isEmpty: Bool { size == nil && name == nil && filesystem == nil }

    /// The file systems that can be made.
    enum NewFileSystem: String, CaseIterable, ExpressibleByArgument {
        case ext4, xfs

        /// The type, as the planner names it.
        var type: FileSystemType {
            switch self {
            case .ext4: .ext4
            case .xfs: .xfs
            }
        }
    }

    /// Throws if a value cannot be used.
    func check() throws {
        _ = try size.map(Bytes.init(argument:))
        if let name {
            do { _ = try BaseName(name) } catch {
                throw ValidationError("'\(name)' is no name for a base: \(error)")
            }
        }
    }

    /// Passes the image at `path` to `body` and shows the progress.
    ///
    /// Returns the result, and the notices about the image. The user sees each notice at once.
    func open<Result>(
        _ path: String, _ body: (ImageRequest) async throws -> Result
    ) async throws -> (Result, notices: [String]) {
        let display = ProgressDisplay(shownProgress)
        defer { display.finish() }
        let notices = Notices()
        let result = try await body(
            ImageRequest(
                path: path, name: name, size: try size.map(Bytes.init(argument:)),
                fileSystem: filesystem?.type, progress: display.show
            ) { notice in
                display.finish()
                Terminal.error("imgbase: \(notice)")
                notices.list.withLock { $0.append(notice) }
            })
        return (result, notices.list.withLock { $0 })
    }

    /// The notices so far.
    private final class Notices: Sendable {
        let list = Mutex<[String]>([])
    }
}

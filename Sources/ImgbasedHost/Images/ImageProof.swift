import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Whether a file system that was delivered is one that can be used: what its own tools say of it, before anything is made
/// of it.
struct ImageProof {
    private let image: String
    private let reporter: ImageReporter

    /// How long a tool may take. Only a file system that says of itself that it is not clean is looked at as a whole.
    private static let seconds = 600

    /// Of what was written of `source`.
    init(_ source: ImageSource) {
        image = source.description.path
        reporter = source.reporter
    }

    /// Throws unless the file system of `type` on the device at `path` is one that can be mounted. Nothing is written.
    func check(_ path: String, _ type: FileSystemType) throws(HostFailure) {
        if type == .ext4 {
            // e2fsck goes by a copy if the superblock cannot be used, and says that all is well.
            try run(Command(.dumpe2fs, ["-h", path]))
            // It also ends well if it leaves out what it would mend: a question of its own, answered by itself.
            try run(Command(.e2fsck, ["-n", path]), noting: ["? no", "IGNORED", "Superblock invalid"])
        }
        // What these look at only if they look at everything, as each tool of XFS does, the kernel checks: what it needs.
        do throws(SystemError) {
            _ = try HostMount.mount(path, type: type.rawValue, .untouched)
        } catch {
            throw .image(image, reason: "its file system cannot be mounted: \(error.reason); get it again")
        }
    }

    private func run(_ command: Command, noting phrases: [String] = []) throws(HostFailure) {
        let tool = try ImageTool(command, for: image, noting: phrases, saysAll: !phrases.isEmpty, reporter)
        guard let remark = try tool.finish(within: ImageProof.seconds).remark else { return }
        throw .image(
            image,
            reason:
                "its file system is not in order: \(command.tool.name) says '\(CommandRunner.brief(remark))'; get it "
                + "again, or mend it with 'e2fsck -f'")
    }
}

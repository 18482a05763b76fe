import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Checks a delivered file system with its own tools, before anything is made of it.
struct ImageProof {
    private let image: String
    private let reporter: ImageReporter

    /// The time limit of a tool. Only a file system that is not marked clean is checked as a whole.
    private static let seconds = 600

    /// Checks the file system written from `source`.
    init(_ source: ImageSource) {
        image = source.description.path
        reporter = source.reporter
    }

    /// Throws unless the file system of `type` on the device at `path` can be mounted. Nothing is written.
    func check(_ path: String, _ type: FileSystemType) throws(HostFailure) {
        if type == .ext4 {
            // If the superblock is unusable, e2fsck uses a copy and reports success.
            try run(Command(.dumpe2fs, ["-h", path]))
            // e2fsck also reports success if it skips a repair: it answers its own question.
            try run(Command(.e2fsck, ["-n", path]), noting: ["? no", "IGNORED", "Superblock invalid"])
        }
        // These tools leave some checks to a full check, and XFS tools have no other. A mount checks what the
        // kernel needs.
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

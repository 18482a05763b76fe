import ImgbasedCore
import ImgbasedLinux

/// A tool of the distribution that takes an image apart, running beside this program.
struct ImageTool: ~Copyable {
    private let command: Command
    private let child: HostChild
    /// What the messages call the image.
    private let image: String

    private static let environment = ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/"]

    /// Starts `command` for `image`; see ``HostChild``.
    init(
        _ command: Command, for image: String, input: Int32? = nil, output: Int32? = nil,
        noting phrases: [String] = [], saysAll: Bool = false, _ reporter: ImageReporter
    ) throws(HostFailure) {
        reporter.runs(command)
        self.command = command
        self.image = image
        do throws(SystemError) {
            child = try HostChild(
                command.tool.path, command.arguments, environment: ImageTool.environment, input: input,
                output: output, noting: phrases, saysAll: saysAll)
        } catch {
            throw .missing(command, reason: error.reason)
        }
    }

    /// The same, of what takes moments: after `seconds` it is ended, whatever it waits for.
    @discardableResult
    func finish(within seconds: Int) throws(HostFailure) -> HostChild.End {
        let deadline = Monotonic.now().advanced(bySeconds: seconds)
        return try finish { () throws(HostFailure) in
            guard Monotonic.now() < deadline else {
                throw .image(image, reason: "\(command.tool.name) did not end within \(seconds) seconds")
            }
        }
    }

    /// Waits until it has ended, and throws where it did not do what it was to; meanwhile `tick` is called now and then, and
    /// the tool ends where that throws.
    @discardableResult
    func finish(_ tick: () throws(HostFailure) -> Void = {}) throws(HostFailure) -> HostChild.End {
        var failure: HostFailure?
        let end = try calling { () throws(SystemError) in
            try child.wait(every: ImageReporter.interval) {
                do throws(HostFailure) {
                    try checkSignals()
                    try tick()
                } catch { failure = error }
                return failure == nil
            }
        }
        guard let end else { throw failure ?? .image(image, reason: "\(command.tool.name) was given up") }
        if let status = end.status, command.successes.contains(status) { return end }
        if end.message.contains("No space left on device") {
            throw .image(image, reason: "\(command.tool.name) found no space left; give a larger --size")
        }
        let message = end.message.isEmpty ? "" : ": \(CommandRunner.brief(end.message))"
        guard let status = end.status else {
            // That says nothing of the image.
            throw .image(
                image, reason: "\(command.tool.name) was ended by signal \(end.signal ?? 0)\(message)")
        }
        throw .image(
            image, reason: "\(command.tool.name) ended with status \(status)\(message); get it again")
    }
}

import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Files from an address, by curl(1).
///
/// The protocols are those that bring bytes from another host: an address never names a file of this host.
final class Download {
    private let tool: ImageTool
    private let pipe: HostPipe

    private static let arguments = [
        "--fail", "--silent", "--show-error", "--location", "--proto", "=http,https,ftp,tftp",
        "--proto-redir",
        "=http,https,ftp", "--connect-timeout", "30",
    ]
    /// A sender that sends nothing for so many seconds is given up.
    private static let patience = ["--speed-limit", "1", "--speed-time", "300"]
    /// For files that are not read before the end. The pause between two attempts is in seconds.
    private static let retries = ["--retry", "5", "--retry-delay", "2", "--retry-connrefused"]
    /// The exit statuses of a file that is missing: HTTP's answer, TFTP's, FTP's (curl(1), EXIT CODES).
    private static let missing: Set<Int32> = [22, 68, 78]

    /// Starts the download of the image at `address`.
    ///
    /// curl cannot take back bytes that were read already, so it does not try again.
    init(_ address: String, _ reporter: ImageReporter) throws(HostFailure) {
        pipe = try calling(HostPipe(address))
        tool = try ImageTool(
            Command(.curl, Download.arguments + Download.patience + ["--", address]), for: address,
            output: pipe.writer, patience: ImageTool.endless, reporter)
        pipe.closeWriter()
    }

    /// Hands over the file to read the image from. At its end, the download must be finished.
    func takeFile() -> OpenFile { pipe.takeReader() }

    /// Waits until curl has ended, and throws if it failed: the bytes read are not the whole image.
    func finish() throws(HostFailure) { try tool.finish() }

    /// Writes the content of `address` to `file`; `false` if the server says that there is none.
    ///
    /// `subject` names the content in messages. `seconds` limits the whole time.
    static func fetch(
        _ address: String, to file: borrowing OpenFile, limit: Int, seconds: Int? = nil, for subject: String,
        _ reporter: ImageReporter = ImageReporter()
    ) throws(HostFailure) -> Bool {
        let limits = ["--max-filesize", "\(limit)"] + (seconds.map { ["--max-time", "\($0)"] } ?? [])
        let command = Command(
            .curl, arguments + patience + retries + limits + ["--", address],
            successes: missing.union([0]))
        let tool = try ImageTool(
            command, for: subject, output: file.number, patience: ImageTool.endless, reporter)
        let end = try tool.finish()
        if end.status == 0 {
            try calling { () throws(SystemError) in try file.rewind() }
            return true
        }
        // Of HTTP's answers only some mean absence.
        if end.status != 22 || ["error: 404", "error: 410"].contains(where: end.message.contains) {
            return false
        }
        throw .image(subject, reason: "'\(address)' cannot be fetched: \(CommandRunner.brief(end.message))")
    }

    /// The small file at `address`, for `subject`; `nil` if the server says that there is none.
    static func contents(
        _ address: String, limit: Int, for subject: String, _ reporter: ImageReporter = ImageReporter()
    ) throws(HostFailure) -> [UInt8]? {
        let file = try calling(HostTemporary.file())
        guard try fetch(address, to: file, limit: limit, seconds: 120, for: subject, reporter) else {
            return nil
        }
        return try calling { () throws(SystemError) in try file.readAll(limit: limit) }
    }
}

import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedHostLinux
import ImgbasedLinux

/// Looks for our helper in an initramfs, through the tool that decompresses it.
///
/// Nothing is written, and nothing in the initramfs is run.
public enum InitramfsProbe {
    /// The limit of unpacked bytes: an initramfs has to fit into memory.
    private static let limit: UInt64 = 4 << 30
    private static let pieceSize = 256 << 10
    private static let environment = ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]

    /// Whether the initramfs at `path` in `tree` has the helper; unknown after `seconds`.
    public static func helper(in tree: borrowing ConfinedTree, _ path: String, within seconds: Int = 120)
        -> HelperPresence
    {
        do throws(SystemError) {
            guard let file = try tree.openFile(path) else { return .unknown("'\(path)' is not there") }
            return try helper(file, within: seconds)
        } catch {
            return .unknown("\(error)")
        }
    }

    private static func helper(_ file: borrowing OpenFile, within seconds: Int) throws(SystemError)
        -> HelperPresence
    {
        let deadline = Monotonic.now().advanced(bySeconds: seconds)
        var reader = InitramfsReader()
        while true {
            let piece = try file.read(upTo: pieceSize)
            switch reader.read(piece) {
            case .helper?: return .present
            case .compressed(let offset, let compression?)?:
                return try helper(in: file, from: offset, compression, until: deadline)
            case .compressed(_, nil)?: return .unknown("its compression is not known")
            case .damaged(let offset)?: return .unknown("it is damaged at byte \(offset)")
            case nil: break
            }
            if piece.count < pieceSize { return .absent }
            if Monotonic.now() >= deadline {
                return .unknown("reading it took longer than \(seconds) seconds")
            }
        }
    }

    /// Looks into the content that is compressed from `offset` on.
    private static func helper(
        in file: borrowing OpenFile, from offset: UInt64, _ compression: InitramfsCompression,
        until deadline: Monotonic
    ) throws(SystemError) -> HelperPresence {
        let command = compression.decompression
        try file.go(to: offset)
        let pipe = try HostPipe(command.tool.path)
        let child: HostChild
        do throws(SystemError) {
            child = try HostChild(
                command.tool.path, command.arguments, environment: environment, input: file.number,
                output: pipe.writer)
        } catch {
            return .unknown(
                "'\(command.tool.path)' cannot be run: \(error.reason); install the package that has it")
        }
        pipe.closeWriter()
        var reader = InitramfsReader()
        var buffer = [UInt8](repeating: 0, count: pieceSize)
        var total: UInt64 = 0
        while true {
            guard try pipe.waits(until: deadline) else { return .unknown("unpacking it took too long") }
            var failure: SystemError?
            let count = buffer.withUnsafeMutableBytes { buffer in
                do throws(SystemError) { return try pipe.readSome(into: buffer) } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if count == 0 { break }
            switch reader.read(buffer[..<count]) {
            case .helper?: return .present
            case .compressed?, .damaged?: return .unknown("its compressed part is no cpio archive")
            case nil: break
            }
            total += UInt64(count)
            if total > limit { return .unknown("it unpacks to more than \(Bytes(limit).formatted)") }
        }
        pipe.closeReader()
        guard let end = try child.wait() else { return .unknown("'\(command.tool.path)' was given up") }
        if end.status == 0 { return .absent }
        let message = CommandRunner.brief(end.message)
        return .unknown("'\(command)' did not unpack it\(message.isEmpty ? "" : ": \(message)")")
    }
}

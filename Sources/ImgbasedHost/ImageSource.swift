import Glibc
public import ImgbasedCore
import ImgbasedLinux

/// An image that is open for reading from its beginning: a file, a block device, or standard input.
public final class ImageSource {
    private let file: OpenFile
    private let head: [UInt8]
    private var headOffset = 0

    /// What is known of it now.
    public let description: ImageDescription

    /// Opens the image at `path`, `-` being standard input, and reads its first bytes. A device that somebody has
    /// mounted is refused: it changes while it is read, unless `allowsMounted` says that only its kind matters.
    public init(_ path: String, allowsMounted: Bool = false) throws(HostFailure) {
        do throws(SystemError) {
            let file: OpenFile
            if path == "-" {
                let number = dup(STDIN_FILENO)
                guard number >= 0 else { throw SystemError("read", "standard input", reason: "it is closed") }
                file = OpenFile(owning: number, name: "standard input")
            } else {
                file = try OpenFile(opening: path, O_RDONLY)
            }
            let status = try file.status()
            // Standard input can be a file that was read in part.
            let start = file.offset ?? 0
            var length: Bytes?
            var allocated: Bytes?
            switch status.kind {
            case .file:
                let rest = status.size - min(start, status.size)
                length = Bytes(rest)
                allocated = Bytes(min(status.allocated, rest))
            case .blockDevice:
                if path != "-", !allowsMounted { _ = try OpenFile(opening: path, O_RDONLY | O_EXCL) }
                let size = try HostSystem.size(file).count
                length = Bytes(size - min(start, size))
            case .directory:
                throw SystemError("read", file.name, reason: "it is a directory")
            case .other: break
            }
            self.head = try file.read(upTo: FileSystemSignature.length)
            self.description = ImageDescription(
                path: path == "-" ? file.name : path, length: length, allocated: allocated,
                signature: FileSystemSignature(head))
            self.file = file
        } catch {
            throw .system(error)
        }
    }

    /// Fills `buffer` with what comes next, and returns how much of it: less than all only at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        let fromHead = min(buffer.count, head.count - headOffset)
        if fromHead > 0 {
            buffer.copyBytes(from: head[headOffset..<(headOffset + fromHead)])
            headOffset += fromHead
        }
        return fromHead + (try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[fromHead...])))
    }
}

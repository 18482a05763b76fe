import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// A file that was opened as an image, and its beginning.
final class OpenedImage {
    let name: String
    /// How many bytes it has from where it is read; `nil` where that is not known.
    let length: Bytes?
    /// How many of them are stored.
    let allocated: Bytes?
    /// The first bytes of it.
    let head: [UInt8]
    let isDirectory: Bool
    /// Whether it can be read out of order, from its beginning.
    let isSeekable: Bool
    /// What it is, where no signature can be beside it.
    let unsigned: String?
    /// What keeps it for this program, where it is a block device.
    let hold: DeviceHold?
    private var file: OpenFile?

    /// What is at `path`, `-` being standard input, where no signature can be beside it; `nil` of a plain file. It is not
    /// opened for that: a pipe would be waited for.
    static func unsigned(_ path: String) throws(HostFailure) -> String? {
        if path == "-" { return "standard input" }
        return try calling(unsigned(OpenFile(place: path).status().kind))
    }

    private static func unsigned(_ kind: HostFileStatus.Kind) -> String? {
        switch kind {
        case .file: nil
        case .blockDevice: "a device"
        case .directory: "a directory"
        case .other: "a pipe"
        }
    }

    init(_ path: String) throws(HostFailure) {
        do throws(SystemError) {
            let file = try path == "-" ? OpenFile.standardInput() : OpenFile(opening: path, O_RDONLY)
            name = file.name
            let status = try file.status()
            isDirectory = status.kind == .directory
            if isDirectory {
                guard HostSystem.exists(path + "/oci-layout"), HostSystem.exists(path + "/index.json") else {
                    throw SystemError(
                        "read", file.name, reason: "it is a directory without an OCI image in it")
                }
            }
            // Standard input can be a file that was read in part.
            let start = file.offset ?? 0
            switch status.kind {
            case .file:
                hold = nil
                let rest = status.size - min(start, status.size)
                length = Bytes(rest)
                allocated = Bytes(min(status.allocated, rest))
            case .blockDevice:
                hold = try DeviceHold(file)
                let size = try HostSystem.size(file).count
                length = Bytes(size - min(start, size))
                allocated = nil
            case .directory, .other:
                hold = nil
                length = nil
                allocated = nil
            }
            isSeekable = start == 0 && (status.kind == .file || status.kind == .blockDevice)
            unsigned = path == "-" ? "standard input" : OpenedImage.unsigned(status.kind)
            head = isDirectory ? [] : try file.read(upTo: ImageHead.length)
            self.file = consume file
        } catch {
            throw .system(error)
        }
    }

    /// The open file, once.
    func take() throws(HostFailure) -> OpenFile {
        guard let file = file.take() else { throw .image(name, reason: "it is in use already") }
        return file
    }
}

/// Keeps a block device for this program alone, as far as others ask: a mount asks, and so does device-mapper.
final class DeviceHold {
    private let file: OpenFile

    /// Holds the open `device`: that very one, whatever has its name now.
    ///
    /// The corresponding C function is `open` with `O_EXCL`.
    init(_ device: borrowing OpenFile) throws(SystemError) {
        do throws(SystemError) {
            file = try OpenFile(opening: device.processPath, O_RDONLY | O_EXCL)
        } catch {
            throw SystemError(
                "read", device.name,
                reason:
                    "\(error.reason): it is mounted or in use otherwise, and would change while it is read; "
                    + "unmount it, or give a snapshot of it")
        }
    }
}

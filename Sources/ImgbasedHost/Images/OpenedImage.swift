import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// A file opened as an image, and its beginning.
final class OpenedImage {
    let name: String
    /// The bytes from the reading position to the end; `nil` if unknown.
    let length: Bytes?
    /// How many of these bytes are stored; `nil` if unknown.
    let allocated: Bytes?
    /// The first bytes from the reading position.
    let head: [UInt8]
    let isDirectory: Bool
    /// Whether it can be read out of order, from its beginning.
    let isSeekable: Bool
    /// The kind of an image that cannot have a signature beside it; `nil` for a plain file.
    let unsigned: String?
    /// Keeps a block device for this program; `nil` for other kinds, and for one that nothing can write to.
    let hold: DeviceHold?
    /// The download that the image comes from; `nil` for an image of this host.
    let download: Download?
    private var file: OpenFile?

    /// The kind of the image at `path` if no signature can be beside it; `nil` for a plain file.
    ///
    /// `-` is standard input. Nothing is opened: opening a pipe would wait.
    static func unsigned(_ path: String) throws(HostFailure) -> String? {
        if path == "-" { return "standard input" }
        if isRemote(path) { return nil }
        return try calling(unsigned(OpenFile(place: path).status().kind))
    }

    /// Whether `path` is an address, and no file of this host has that name.
    static func isRemote(_ path: String) -> Bool {
        ImageAddress.isAddress(path) && HostSystem.isAbsent(path)
    }

    private static func unsigned(_ kind: HostFileStatus.Kind) -> String? {
        switch kind {
        case .file: nil
        case .blockDevice: "a device"
        case .directory: "a directory"
        case .other: "a pipe"
        }
    }

    init(_ path: String, _ reporter: ImageReporter) throws(HostFailure) {
        if OpenedImage.isRemote(path) {
            let download = try Download(path, reporter)
            let file = download.takeFile()
            (name, isDirectory, isSeekable) = (path, false, false)
            (length, allocated, unsigned, hold) = (nil, nil, nil, nil)
            head = try calling(file.read(upTo: ImageHead.length))
            if head.count < ImageHead.length { try download.finish() }
            self.download = download
            self.file = consume file
            return
        }
        download = nil
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
            // Standard input can be a partly read file.
            let start = file.offset ?? 0
            switch status.kind {
            case .file:
                hold = nil
                let rest = status.size - min(start, status.size)
                length = Bytes(rest)
                allocated = Bytes(min(status.allocated, rest))
            case .blockDevice:
                // The live system that runs from a read-only loop device can install that image.
                hold = try HostSystem.isReadOnlyLoop(file) ? nil : DeviceHold(file)
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

    /// Hands the open file over, once.
    func take() throws(HostFailure) -> OpenFile {
        guard let file = file.take() else { throw .image(name, reason: "it is in use already") }
        return file
    }
}

/// Keeps a block device for this program. A mount and device-mapper respect that.
final class DeviceHold {
    private let file: OpenFile

    /// Holds the open `device` itself: another device may have its name now.
    ///
    /// The corresponding C function is `open` with `O_EXCL`.
    init(_ device: borrowing OpenFile) throws(SystemError) {
        do throws(SystemError) {
            file = try OpenFile(opening: device.processPath, O_RDONLY | O_EXCL)
        } catch {
            throw SystemError(
                "read", device.name,
                reason:
                    "\(error.reason): it is mounted or otherwise in use, and would change while it is read; "
                    + "unmount it, or give a snapshot of it")
        }
    }
}

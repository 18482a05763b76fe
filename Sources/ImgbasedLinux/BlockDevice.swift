import CLinux
public import ImgbasedCore

/// A block device of the kernel, as `/sys/class/block` shows it.
public struct BlockDevice: Hashable, Sendable {
    /// The kernel's name, such as `vda1`.
    public let name: String

    /// The device with the kernel's name `name`.
    public init(name: String) {
        self.name = name
    }

    /// The device whose node is `path`.
    public init(path: String) {
        let name = path.hasPrefix("/dev/") ? path.dropFirst("/dev/".count) : path[...]
        self.name = name.map { $0 == "/" ? "!" : String($0) }.joined()
    }

    /// Its node in `/dev`.
    public var path: String { "/dev/" + name.map { $0 == "!" ? "/" : String($0) }.joined() }

    /// Its number as device-mapper tables spell it, MAJOR:MINOR; `nil` if the device is gone.
    public var number: String? { SmallFile.line("/sys/class/block/\(name)/dev") }

    /// The kernel's names of devices that stand on this one (`md`, multipath, mapped devices).
    ///
    /// If the kernel does not tell, the result is a name that no device has: a device taken for free may be
    /// part of an array.
    public var holders: [String] {
        (try? DirectoryListing.names(in: "/sys/class/block/\(name)/holders")) ?? ["an unknown device"]
    }

    /// Whether the device can be a disk with an LVM2 physical volume.
    ///
    /// Memory, drives that must be asked for their medium, and empty devices cannot. Of the mapped devices,
    /// only those that decrypt can.
    public var mayHoldPhysicalVolume: Bool {
        let others = ["ram", "zram", "fd", "sr", "nbd"]
        if others.contains(where: { name.hasPrefix($0) }) { return false }
        // cryptsetup: lib/libdevmapper.c, dm_prepare_uuid.
        if name.hasPrefix("dm-"), mapperUUID?.hasPrefix("CRYPT-") != true { return false }
        return SmallFile.line("/sys/class/block/\(name)/size").map { $0 != "0" } ?? false
    }

    /// Its UUID as a mapped device; `nil` for any other device.
    public var mapperUUID: String? { SmallFile.line("/sys/class/block/\(name)/dm/uuid") }

    /// The UUID of the mapped device with the number MAJOR:MINOR; `nil` for any other device.
    public static func mapperUUID(number: String) -> String? {
        SmallFile.line("/sys/dev/block/\(number)/dm/uuid")
    }

    /// The number, MAJOR:MINOR, of the block device that `path` is or leads to; `nil` for anything else.
    ///
    /// The corresponding C function is `stat`.
    public static func number(of path: String) -> String? {
        guard let file = try? OpenFile(opening: path, imgbased_path_only) else { return nil }
        var node = imgbased_node()
        guard imgbased_look(file.number, "", &node) == 0, node.mode & UInt32(S_IFMT) == UInt32(S_IFBLK) else {
            return nil
        }
        return "\(node.represented >> 32):\(node.represented & 0xffff_ffff)"
    }

    /// All block devices that the kernel has now, sorted by name.
    public static func all() throws(SystemError) -> [BlockDevice] {
        try DirectoryListing.names(in: "/sys/class/block").sorted().map(BlockDevice.init(name:))
    }
}

/// An open device or file that the core reads as a disk.
public final class OpenBlockSource: BlockSource {
    private let file: OpenFile

    /// The size of the device or file.
    public let size: Bytes

    /// Opens `path` for reading.
    ///
    /// The corresponding C functions are `open`, `fstat`, and `ioctl` of `BLKGETSIZE64`.
    public init(path: String) throws(SystemError) {
        let file = try OpenFile(opening: path, O_RDONLY | O_NONBLOCK)
        guard let size = OpenBlockSource.size(of: file.number) else {
            throw SystemError.last("find the size of", path)
        }
        self.file = file
        self.size = Bytes(size)
    }

    private static func size(of descriptor: CInt) -> UInt64? {
        var size: UInt64 = 0
        if imgbased_block_device_size(descriptor, &size) == 0 { return size }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        return status.st_mode & UInt32(S_IFMT) == UInt32(S_IFREG) ? UInt64(status.st_size) : nil
    }

    /// Reads `count` bytes from `offset`; fewer are an error.
    ///
    /// The corresponding C function is `pread`.
    public func read(at offset: UInt64, count: Int) throws(BlockReadError) -> [UInt8] {
        guard let offset = Int(exactly: offset), count >= 0 else {
            throw BlockReadError(reason: "offset out of range")
        }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try file.read(upTo: count, at: offset)
        } catch {
            throw BlockReadError(reason: error.reason)
        }
        guard bytes.count == count else { throw BlockReadError(reason: "the device or file ends earlier") }
        return bytes
    }
}

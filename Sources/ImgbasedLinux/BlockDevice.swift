import CLinux
public import ImgbasedCore

/// A block device of the kernel, as `/sys/class/block` shows it.
public struct BlockDevice: Hashable, Sendable {
    /// The kernel's name: `vda1`.
    public let name: String

    /// The device of this name.
    public init(name: String) {
        self.name = name
    }

    /// The device with the node `path`.
    public init(path: String) {
        let name = path.hasPrefix("/dev/") ? path.dropFirst("/dev/".count) : path[...]
        self.name = name.map { $0 == "/" ? "!" : String($0) }.joined()
    }

    /// Its node in `/dev`.
    public var path: String { "/dev/" + name.map { $0 == "!" ? "/" : String($0) }.joined() }

    /// Its number as device-mapper tables spell it, MAJOR:MINOR; `nil` once it is gone.
    public var number: String? { SmallFile.line("/sys/class/block/\(name)/dev") }

    /// The kernel's names of devices that stand on this one (`md`, multipath, mapped devices). If the kernel
    /// does not tell, one that no device has: a device that is taken for free may be part of an array.
    public var holders: [String] {
        (try? DirectoryListing.names(in: "/sys/class/block/\(name)/holders")) ?? ["an unknown device"]
    }

    /// Whether it can be a disk with a physical volume of LVM2 on it: not memory, not a drive whose medium has to
    /// be asked for, of the mapped devices only one that decrypts, and not empty.
    public var mayHoldPhysicalVolume: Bool {
        let others = ["ram", "zram", "fd", "sr", "nbd"]
        if others.contains(where: { name.hasPrefix($0) }) { return false }
        // cryptsetup: lib/libdevmapper.c, dm_prepare_uuid.
        if name.hasPrefix("dm-"), mapperUUID?.hasPrefix("CRYPT-") != true { return false }
        return SmallFile.line("/sys/class/block/\(name)/size").map { $0 != "0" } ?? false
    }

    /// Its UUID, where it is a mapped device.
    public var mapperUUID: String? { SmallFile.line("/sys/class/block/\(name)/dm/uuid") }

    /// The UUID of the mapped device with the number MAJOR:MINOR; `nil` where it is none.
    public static func mapperUUID(number: String) -> String? {
        SmallFile.line("/sys/dev/block/\(number)/dm/uuid")
    }

    /// The number, MAJOR:MINOR, of the block device whose node `path` is or leads to; `nil` where it is none.
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

    /// All devices of the moment.
    public static func all() throws(SystemError) -> [BlockDevice] {
        try DirectoryListing.names(in: "/sys/class/block").sorted().map(BlockDevice.init(name:))
    }
}

/// A device or file that is open for reading, as the core reads disks.
public final class OpenBlockSource: BlockSource {
    private let file: OpenFile

    /// How long the device or file is.
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

    /// Reads `count` bytes from `offset`.
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

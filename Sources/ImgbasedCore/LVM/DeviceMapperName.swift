/// The name that lvm2 gives a device: group, volume and, for an inner device, its layer.
///
/// Hyphens join the parts; every hyphen inside a part is doubled (lvm2: dm_build_dm_name, dm_split_lvm_name
/// in libdm/libdm-string.c).
public struct DeviceMapperName: Hashable, Sendable, CustomStringConvertible {
    /// The longest name that the kernel accepts, in bytes (DM_NAME_LEN less the final zero).
    public static let limit = 127

    /// The name of the volume group.
    public let group: String
    /// The name of the volume.
    public let volume: String
    /// The layer, such as `tpool`; `nil` for the volume's own device.
    public let layer: String?

    /// Names the device of `volume` in `group`, or its inner device `layer`.
    public init(group: String, volume: String, layer: String? = nil) {
        self.group = group
        self.volume = volume
        self.layer = layer
    }

    /// Splits `text`; `nil` unless it has two or three parts.
    public init?(_ text: String) {
        var parts: [[UInt8]] = [[]]
        let hyphen = UInt8(ascii: "-")
        var bytes = text.utf8.makeIterator()
        var next = bytes.next()
        while let byte = next {
            next = bytes.next()
            if byte != hyphen {
                parts[parts.count - 1].append(byte)
            } else if next == hyphen {
                parts[parts.count - 1].append(hyphen)
                next = bytes.next()
            } else {
                parts.append([])
            }
        }
        guard parts.count == 2 || parts.count == 3, !parts.contains([]) else { return nil }
        group = String(decoding: parts[0], as: UTF8.self)
        volume = String(decoding: parts[1], as: UTF8.self)
        layer = parts.count == 3 ? String(decoding: parts[2], as: UTF8.self) : nil
    }

    /// The name with its hyphens doubled and its parts joined.
    public var description: String {
        var name = DeviceMapperName.doubled(group) + "-" + DeviceMapperName.doubled(volume)
        if let layer { name += "-" + DeviceMapperName.doubled(layer) }
        return name
    }

    private static func doubled(_ part: String) -> String {
        var bytes: [UInt8] = []
        for byte in part.utf8 {
            bytes.append(byte)
            if byte == UInt8(ascii: "-") { bytes.append(byte) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

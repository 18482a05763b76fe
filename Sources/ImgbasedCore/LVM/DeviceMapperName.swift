/// The name lvm2 gives a device: group, volume and, for an inner device, its layer, joined with a hyphen and every
/// hyphen inside one of them doubled (lvm2: dm_build_dm_name, dm_split_lvm_name in libdm/libdm-string.c).
public struct DeviceMapperName: Hashable, Sendable, CustomStringConvertible {
    /// The longest name the kernel takes, in bytes (DM_NAME_LEN less the final zero).
    public static let limit = 127

    /// The volume group.
    public let group: String
    /// The volume.
    public let volume: String
    /// The layer, such as `tpool`.
    public let layer: String?

    /// The name of `volume` of `group`, or of its inner device `layer`.
    public init(group: String, volume: String, layer: String? = nil) {
        self.group = group
        self.volume = volume
        self.layer = layer
    }

    /// Takes `text` apart; `nil` where it is not two or three parts.
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

    /// The name.
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

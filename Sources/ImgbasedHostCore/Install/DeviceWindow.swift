public import ImgbasedCore

/// A part of a device that holds a file system. Who looks at the beginning of the device does not find it.
public struct DeviceWindow: Hashable, Sendable {
    /// The distance from the beginning of the device.
    public var offset: Bytes
    /// The length.
    public var size: Bytes
    /// The size of the device's logical sectors.
    public var sectorSize: Bytes

    /// The options for mount(8).
    var mountOptions: String { "loop,offset=\(offset.count),sizelimit=\(size.count)" }
}

/// A number of bytes.
public struct Bytes: Hashable, Comparable, Sendable {
    /// The number of bytes.
    public var count: UInt64

    /// Creates a length of `count` bytes.
    public init(_ count: UInt64) {
        self.count = count
    }

    /// Orders by `count`.
    public static func < (a: Bytes, b: Bytes) -> Bool {
        a.count < b.count
    }
}

/// A number of 512-byte sectors, the unit of device-mapper tables and of most LVM2 metadata.
public struct Sectors: Hashable, Comparable, Sendable {
    /// Bytes in a sector, independent of the device's own block size.
    public static let size: UInt64 = 512

    /// The number of sectors.
    public var count: UInt64

    /// Creates a length of `count` sectors.
    public init(_ count: UInt64) {
        self.count = count
    }

    /// The length in bytes; `nil` if it does not fit 64 bits.
    public var bytes: Bytes? {
        let (product, overflow) = count.multipliedReportingOverflow(by: Sectors.size)
        return overflow ? nil : Bytes(product)
    }

    /// Orders by `count`.
    public static func < (a: Sectors, b: Sectors) -> Bool {
        a.count < b.count
    }
}

/// A number of LVM2 extents; the volume group defines the size of an extent.
public struct Extents: Hashable, Comparable, Sendable {
    /// The number of extents.
    public var count: UInt64

    /// Creates a length of `count` extents.
    public init(_ count: UInt64) {
        self.count = count
    }

    /// The length in sectors for extents of `size`; `nil` if it does not fit 64 bits.
    public func sectors(ofSize size: Sectors) -> Sectors? {
        let (product, overflow) = count.multipliedReportingOverflow(by: size.count)
        return overflow ? nil : Sectors(product)
    }

    /// Orders by `count`.
    public static func < (a: Extents, b: Extents) -> Bool {
        a.count < b.count
    }
}

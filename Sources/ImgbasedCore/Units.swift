/// A number of bytes.
public struct Bytes: Hashable, Comparable, Sendable {
    /// The number.
    public var count: UInt64

    /// `count` bytes.
    public init(_ count: UInt64) {
        self.count = count
    }

    /// Orders by number.
    public static func < (a: Bytes, b: Bytes) -> Bool {
        a.count < b.count
    }
}

/// A number of 512-byte sectors, the unit of device-mapper tables and of most LVM2 metadata.
public struct Sectors: Hashable, Comparable, Sendable {
    /// Bytes in a sector, whatever the device's own block size.
    public static let size: UInt64 = 512

    /// The number.
    public var count: UInt64

    /// `count` sectors.
    public init(_ count: UInt64) {
        self.count = count
    }

    /// The same length in bytes, or `nil` where that does not fit 64 bits.
    public var bytes: Bytes? {
        let (product, overflow) = count.multipliedReportingOverflow(by: Sectors.size)
        return overflow ? nil : Bytes(product)
    }

    /// Orders by number.
    public static func < (a: Sectors, b: Sectors) -> Bool {
        a.count < b.count
    }
}

/// A number of LVM2 extents; how long one is, the volume group says.
public struct Extents: Hashable, Comparable, Sendable {
    /// The number.
    public var count: UInt64

    /// `count` extents.
    public init(_ count: UInt64) {
        self.count = count
    }

    /// The same length in sectors, where an extent has `size`, or `nil` where that does not fit 64 bits.
    public func sectors(ofSize size: Sectors) -> Sectors? {
        let (product, overflow) = count.multipliedReportingOverflow(by: size.count)
        return overflow ? nil : Sectors(product)
    }

    /// Orders by number.
    public static func < (a: Extents, b: Extents) -> Bool {
        a.count < b.count
    }
}

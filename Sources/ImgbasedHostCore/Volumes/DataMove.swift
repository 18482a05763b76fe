public import ImgbasedCore

/// The order to mount a data volume at its place in the running system, in the place of what is there.
///
/// Programs may write there until the volume covers the place. From then on nothing can change below it,
/// unless a program has something open there: that is refused.
public struct DataMove: Hashable, Sendable {
    /// The volume.
    public var volume: VolumePath
    /// The place.
    public var place: DataPlace
    /// Whether the volume gets the files that are at the place.
    public var copies: Bool
    /// The room for them in the pool; `nil` if unknown.
    public var room: PoolRoom?

    /// The order to mount `volume` at `place`.
    public init(_ volume: VolumePath, at place: DataPlace, copies: Bool, room: PoolRoom? = nil) {
        (self.volume, self.place, self.copies, self.room) = (volume, place, copies, room)
    }
}

/// The order to copy what a new layer, which is not mounted, has at the place of a fresh data volume.
public struct DataFill: Hashable, Sendable {
    /// The volume.
    public var volume: VolumePath
    /// The place.
    public var place: DataPlace
    /// The layer.
    public var layer: VolumePath
    /// The type of its file system.
    public var type: FileSystemType
}

/// A data volume to be made with a new group, without files.
public struct DataRequest: Hashable, Sendable {
    /// The place.
    public var place: DataPlace
    /// The size.
    public var size: Bytes
    /// The UUID of its file system.
    public var uuid: String

    /// A volume of `size` for `place`, whose file system gets `uuid`.
    public init(_ place: DataPlace, size: Bytes, uuid: String) {
        (self.place, self.size, self.uuid) = (place, size, uuid)
    }
}

/// What is at the place of a data volume in the running system.
public struct PlaceSurvey: Hashable, Sendable {
    /// The kinds of what can be there.
    public enum Kind: Hashable, Sendable {
        /// Nothing, so that a directory can be made.
        case nothing
        /// A directory.
        case directory
        /// Something else.
        case other
    }

    /// What is there.
    public var kind: Kind
    /// The path without links, if it has some.
    public var real: String?
    /// The source of what is mounted there; `nil` if nothing is.
    public var mounted: String?
    /// Whether that source is the device of this volume.
    public var mountedVolume: VolumePath?
    /// Whether that mount is for reading alone.
    public var isReadOnly = false
    /// The places in it at which something is mounted.
    public var inner: [String] = []
    /// The programs that have something open there, in words.
    public var users: [String] = []

    /// A place with this kind of node, and nothing mounted.
    public init(_ kind: Kind) { self.kind = kind }

    /// Throws unless a volume can be mounted at `place`.
    func check(_ place: DataPlace) throws(HostReason) {
        if let real { throw .data(.behindLink(place, real: real)) }
        if kind == .other { throw .data(.notADirectory(place)) }
        if let mounted { throw .data(.isMountPoint(place, of: mounted)) }
        if !inner.isEmpty { throw .data(.holdsMounts(place, inner)) }
        if !users.isEmpty { throw .data(.inUse(place, by: users)) }
    }
}

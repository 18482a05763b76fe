import ImgbasedCore
import ImgbasedHostCore
public import ImgbasedHostLinux

/// The places of the four trees of a change of base, for programs that run in them.
public struct PackagePlaces: Sendable {
    /// The old base, the old layer, the new base and the new layer.
    public var fromBase, from, toBase, to: HostSandbox.Lower

    /// These places.
    public init(
        fromBase: HostSandbox.Lower, from: HostSandbox.Lower, toBase: HostSandbox.Lower,
        to: HostSandbox.Lower
    ) {
        (self.fromBase, self.from, self.toBase, self.to) = (fromBase, from, toBase, to)
    }

    /// The places of the volumes of `order`.
    init(_ order: CarryOrder) throws(HostFailure) {
        self.init(
            fromBase: try PackagePlaces.place(of: order.fromBase, isReadOnly: true),
            from: order.isFromRunning
                ? .directory("/") : try PackagePlaces.place(of: order.from, isReadOnly: true),
            toBase: try PackagePlaces.place(of: order.toBase, isReadOnly: true),
            to: try PackagePlaces.place(of: order.to, isReadOnly: false))
    }

    /// The place of `volume`, which is mounted by this program already.
    static func place(of volume: VolumePath, isReadOnly: Bool) throws(HostFailure) -> HostSandbox.Lower {
        let type = try LayerProbe.type(ofDevice: volume.device, named: volume.name)
        return .device(volume.device, type: type.rawValue, isReadOnly: isReadOnly)
    }
}

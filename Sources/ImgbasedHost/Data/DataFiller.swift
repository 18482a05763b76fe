import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Copies what a new layer has at its place to a fresh data volume. Nothing else uses either.
struct DataFiller {
    private let fill: DataFill
    private let reporter: ImageReporter

    init(_ fill: DataFill, _ reporter: ImageReporter) {
        (self.fill, self.reporter) = (fill, reporter)
    }

    /// Copies, and flushes the volume. What an interrupted run has left there is replaced.
    func run() throws(HostFailure) {
        let layer = try calling(
            HostMount.mount(fill.layer.device, type: fill.type.rawValue, .readOnly))
        let place = fill.place.text
        let source = ConfinedTree(
            root: try calling(layer.open(place, O_RDONLY | O_DIRECTORY)), name: place)
        let type = try LayerProbe.type(ofDevice: fill.volume.device, named: fill.volume.name)
        let tree = try calling(HostMount.mount(fill.volume.device, type: type.rawValue, .readWrite))
        do throws(HostFailure) {
            let copier = try TreeCopier(
                name: place, roomAdvice: "give the volume a larger size", reporter: reporter)
            _ = try copier.pass(source, to: tree, isFirst: true) { () throws(HostFailure) in }
        } catch .image(_, let reason) {
            throw .moving(fill.place, reason: reason)
        }
        try calling(tree.flush())
    }
}

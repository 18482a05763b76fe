import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Mounts a data volume at its place in the running system, with the files that are there, if so ordered.
///
/// Most of them are copied while programs go on. Then the volume covers the place, for reading alone: no
/// program can reach the files below by their names. None may have one open, or it could go on writing to it.
/// The last passes copy what changed until then, and prove that nothing changes any more.
struct PlaceMover {
    private let move: DataMove
    private let reporter: ImageReporter

    /// The passes before the place is covered, of which the first copies all files.
    private static let livePasses = 3

    init(_ move: DataMove, _ reporter: ImageReporter) {
        (self.move, self.reporter) = (move, reporter)
    }

    func run() throws(HostFailure) {
        let place = move.place.text
        let users = try calling(PlaceUsers(of: place))
        try check(users)
        // What is mounted in the place does not belong to it; what is mounted over it comes later.
        let below = try calling(HostMount.only(place))
        guard move.copies else {
            try cover(users) { () throws(HostFailure) in }
            return
        }
        do throws(HostFailure) {
            let copier = try TreeCopier(
                name: place, roomAdvice: "give a larger SIZE", reporter: reporter)
            do {
                let tree = try mounted()
                for pass in 0..<PlaceMover.livePasses {
                    let changes = try copier.pass(below, to: tree, isFirst: pass == 0) {
                        () throws(HostFailure) in try checkRoom(tree)
                    }
                    try checkRoom(tree)
                    reporter.report(.again)
                    if pass > 0, changes.paths.isEmpty { break }
                }
                try calling(tree.flush())
            }
            try cover(users) { () throws(HostFailure) in
                let tree = try mounted()
                try finish(copier, below, tree)
                try calling(tree.flush())
            }
        } catch .image(_, let reason) {
            throw .moving(move.place, reason: reason)
        }
    }

    /// Copies what changed before the place was covered.
    private func finish(
        _ copier: borrowing TreeCopier, _ below: borrowing ConfinedTree, _ tree: borrowing ConfinedTree
    ) throws(HostFailure) {
        var changes = SystemChanges(index: [])
        for _ in 0..<SystemCopy.passLimit {
            changes = try copier.pass(below, to: tree, isFirst: false) { () throws(HostFailure) in
                try checkRoom(tree)
            }
            if changes.paths.isEmpty { return }
            reporter.report(.again)
        }
        throw .contents(.data(.neverQuiet(move.place, changes.paths)))
    }

    /// Covers the place, and runs `body`. If that fails, or a program has something open below, the place is
    /// uncovered again.
    private func cover(
        _ users: PlaceUsers, _ body: () throws(HostFailure) -> Void
    ) throws(HostFailure) {
        // mount(8) names the device like this in the table of mounts.
        let mapped =
            "/dev/mapper/\(DeviceMapperName(group: move.volume.group, volume: move.volume.name))"
        let (place, device) = (
            move.place.text, HostSystem.exists(mapped) ? mapped : move.volume.device
        )
        let type = try LayerProbe.type(ofDevice: device, named: move.volume.name)
        try calling(HostMount.cover(place, with: device, type: type.rawValue))
        do throws(HostFailure) {
            try check(users)
            try body()
        } catch {
            try? HostMount.uncover(place, from: device)
            throw error
        }
    }

    private func check(_ users: PlaceUsers) throws(HostFailure) {
        let found = try calling(users.find())
        if !found.isEmpty { throw .contents(.data(.inUse(move.place, by: found))) }
    }

    private func mounted() throws(HostFailure) -> ConfinedTree {
        let type = try LayerProbe.type(ofDevice: move.volume.device, named: move.volume.name)
        return try calling(HostMount.mount(move.volume.device, type: type.rawValue, .readWrite))
    }

    /// Throws once the files take more room than the pool has: a full pool would stop all layers.
    private func checkRoom(_ tree: borrowing ConfinedTree) throws(HostFailure) {
        do throws(HostReason) { try move.room?.check(Bytes(tree.usage.data)) } catch {
            throw .contents(error)
        }
    }
}

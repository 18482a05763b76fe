import ImgbasedCore
public import ImgbasedHostCore

extension Session {
    /// The result of a change of data volumes.
    public struct DataChange: Sendable {
        /// The path of the volume.
        public var volume: VolumePath
        /// The volume as it was before; `nil` if it was no data volume.
        public var before: DataVolume?
        /// The booted layer; `nil` if none.
        public var layer: String?
    }

    /// Carries out `imgbase volume create`, `attach`, `detach` or `remove`; returns `nil` if nothing is known
    /// of it.
    public func changeVolume(
        _ change: DataPlanner.Change, at place: DataPlace
    ) async throws -> DataChange? {
        var planner = DataPlanner(change, at: place)
        if case .create = change { planner.uuid = try newUUID(planner.goal) }
        let procedure = Procedure.volume(planner)
        return try await changing(procedure.goal) {
            let state = try await looking(procedure.goal) { () throws(HostFailure) in
                try await probe.volumes()
            }
            let outcome = try await run(procedure, image: nil) { _ in }
            guard let path = outcome.data?.volume else { return nil }
            let before = state.dataVolumes(names(in: state).group).first { $0.path == path }
            return DataChange(volume: path, before: before, layer: state.booted?.name)
        }
    }
}

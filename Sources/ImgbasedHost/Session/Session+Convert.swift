public import ImgbasedCore
public import ImgbasedHostCore

extension Session {
    /// The result of a conversion.
    public struct Conversion: Sendable {
        /// The group and the pool.
        public var names: HostNames
        /// The base and the layer; `nil` if an interrupted run had made them.
        public var base, layer: String?
    }

    /// Carries out `imgbase layout init --from ROOT`.
    public func convert(
        root: String, disks: [String], size: Bytes?, configSize: Bytes?,
        volumes: [(place: DataPlace, size: Bytes)] = [], _ image: ImageRequest
    ) async throws -> Conversion {
        let goal = ConversionPlanner.goal
        var layout = InitPlanner(
            disks: disks, size: size, configSize: configSize, configUUID: try newUUID(goal))
        layout.volumes = try requests(volumes, goal)
        let planner = ConversionPlanner(
            root: root, group: group, pool: pool, layout: layout, base: image.planner,
            uuid: try newUUID(goal))
        let procedure = Procedure.convert(planner, uuid: try newUUID(goal))
        return try await changing(goal) {
            let outcome = try await run(procedure, image: image) { _ in }
            let names: HostNames
            if let chosen = outcome.names {
                names = chosen
            } else {
                names = self.names(
                    in: try await looking(goal) { () throws(HostFailure) in try await probe.volumes() })
            }
            return Conversion(names: names, base: outcome.base, layer: outcome.layer)
        }
    }
}

import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux

extension Session {
    /// The result of an installation.
    public struct Installation: Sendable {
        /// The base and the layer on the disks.
        public var base, layer: String?
        /// The volume group.
        public var group: String
        /// The platforms whose firmware boots the first disk.
        public var platforms: [GRUBPlatform]
    }

    /// Runs this program anew with mounts of its own, unless it has them already.
    public static func takeOwnMounts() throws(HostFailure) {
        try calling(HostNamespace.enter())
    }

    /// Carries out `imgbase install`.
    ///
    /// - Precondition: The process has mounts of its own, unless plans are only shown: `/boot` is mounted
    ///   over.
    public func install(_ request: InstallRequest, _ image: ImageRequest) async throws -> Installation {
        let goal = InstallPlanner.goal
        let settings = try await looking(goal) { () throws(HostFailure) in try request.settings() }
        let names = HostNames(newGroup: group, pool: pool)
        var layout = InitPlanner(
            disks: request.disks, size: request.sizes.pool, configSize: request.sizes.config,
            configUUID: try newUUID(goal))
        layout.volumes = try requests(request.volumes, goal)
        var planner = InstallPlanner(
            names: names, wipes: request.wipes, loader: request.loader, bootSize: request.sizes.boot,
            layout: layout,
            image: image.planner, settings: settings,
            uuids: (try newUUID(goal), try newUUID(goal), try newUUID(goal)))
        planner.keepsHosts = request.keepsHosts
        let procedure = Procedure.install(planner, uuid: try newUUID(goal))
        let outcome = try await changing(goal, ofThisHost: false) {
            var session = self
            session.isForThisHost = false
            return try await session.run(procedure, image: image) { _ in }
        }
        return Installation(
            base: outcome.base, layer: outcome.layer, group: names.group, platforms: outcome.platforms)
    }
}

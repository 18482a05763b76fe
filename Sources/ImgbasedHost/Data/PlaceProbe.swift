import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Looks at the place of a data volume in the running system.
enum PlaceProbe {
    /// What is at `place`; `volumes` are those that may be mounted there.
    static func survey(_ place: DataPlace, _ volumes: [Volume]) throws(HostFailure) -> PlaceSurvey {
        let path = place.text
        var survey = PlaceSurvey(
            HostSystem.isDirectory(path) ? .directory : HostSystem.isAbsent(path) ? .nothing : .other)
        survey.real = real(place)
        if survey.real != nil { return survey }
        let mounts = try calling(Mount.table())
        if let mount = mounts.top(at: path) {
            survey.mounted = mount.source
            survey.isReadOnly = mount.options.contains("ro")
            survey.mountedVolume =
                volumes.first {
                    $0.segmentType == "thin" && HostSystem.number(ofDevice: $0.path.device) == mount.number
                }?.path
            return survey
        }
        survey.inner = Set(mounts.entries.map(\.path).filter { $0.hasPrefix(path + "/") }).sorted()
        if survey.kind == .directory { survey.users = try calling(PlaceUsers(of: path).find()) }
        return survey
    }

    /// The path without links, if it has some.
    private static func real(_ place: DataPlace) -> String? {
        var (path, rest) = (place.path, [[UInt8]]())
        // Below a directory that does not exist, nothing can be a link.
        while let parent = path.parent, HostSystem.isAbsent(path.text) {
            rest.insert(path.name ?? [], at: 0)
            path = parent
        }
        guard let real = HostSystem.resolved(path.text).flatMap(TreePath.init(parsing:)) else { return nil }
        let whole = rest.reduce(real) { $0.appending($1) ?? $0 }
        return whole == place.path ? nil : whole.text
    }
}

extension TreePath {
    fileprivate var text: String { String(decoding: bytes, as: UTF8.self) }
}

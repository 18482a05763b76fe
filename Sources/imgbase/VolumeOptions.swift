import ArgumentParser
import ImgbasedCore
import ImgbasedHostCore

/// The options for the data volumes of a new host.
struct VolumeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A data volume, as /home=10G, with the files that the first layer has there; repeatable.",
            valueName: "path=size"))
    var volume: [String] = []

    @Option(
        help: """
            A set of data volumes: minimal, none; or server: /home, /tmp, /var/crash, /var/log, /var/log/audit and \
            /var/tmp. --volume changes a size.
            """)
    var profile: Profile = .minimal

    /// The sets of volumes.
    enum Profile: String, CaseIterable, ExpressibleByArgument {
        case minimal, server

        var profile: DataProfile { self == .minimal ? .minimal : .server }
    }

    func check() throws { _ = try volumes() }

    /// The places and the sizes, without those of the profile that are given by themselves.
    func volumes() throws -> [(place: DataPlace, size: Bytes)] {
        let given = try volume.map { text in
            guard let equals = text.lastIndex(of: "="), let place = DataPlace(String(text[..<equals])) else {
                throw ValidationError("'\(text)' is not the path of a directory and a size, as /home=10G")
            }
            return (place: place, size: try Bytes(argument: String(text[text.index(after: equals)...])))
        }
        return profile.profile.volumes.filter { one in !given.contains { $0.place == one.place } } + given
    }
}

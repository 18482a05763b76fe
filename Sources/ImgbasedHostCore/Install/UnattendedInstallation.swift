public import ImgbasedCore

/// An installation that the kernel's arguments ask for (imgbased.cmdline(7)).
public struct UnattendedInstallation: Hashable, Sendable {
    /// The end of the installation: the machine's next action.
    public enum Ending: String, CaseIterable, Sendable {
        case reboot, poweroff, stay
    }

    /// A file or directory that is fetched first.
    public struct Source: Hashable, Sendable {
        /// The option of `imgbase install` that takes it.
        public var option: String
        /// Its path on this system, or its address.
        public var place: String
    }

    /// The disks, in their order.
    public var disks: [String]
    /// The image: a path or an address.
    public var image: String
    /// The flags and options of `imgbase install`, without those that name a file.
    public var words: [String] = []
    /// The values of the others.
    public var sources: [Source] = []
    /// The end of the installation: the machine's next action.
    public var ending = Ending.reboot

    /// The argument with the disks. The others begin with it and a full stop.
    public static let argument = "imgbased.install"
    /// The image that a live system runs from, a read-only loop device (dracut: dmsquash-live-root.sh).
    public static let liveImage = "/dev/live-base"

    private static let options: Set = [
        "hostname", "loader", "boot-size", "pool-size", "config-size", "size", "name", "filesystem", "vg",
        "thinpool", "profile",
    ]
    private static let sourceOptions: Set = ["root-password-file", "ssh-key", "overlay"]

    /// The installation that `line` asks for; `nil` if it asks for none.
    ///
    /// Of several arguments with the same name the last one counts, except for keys and volumes. Throws if an
    /// argument is not understood: an installation with another meaning could cost data.
    public init?(_ line: KernelCommandLine) throws(InstallReason) {
        let name = UnattendedInstallation.argument
        guard let last = line.last(name) else { return nil }
        disks = (last.value ?? "").split(separator: ",").map(String.init)
        if disks.isEmpty { throw .badArgument(last.text, problem: "names no disk") }
        for disk in disks where !disk.hasPrefix("/dev/") {
            throw .badArgument(last.text, problem: "names '\(disk)', which is not the path of a device")
        }
        image = UnattendedInstallation.liveImage
        var values: [String: String] = [:]
        for argument in line.arguments where argument.name.hasPrefix(name + ".") {
            let option = String(argument.name.dropFirst(name.count + 1))
            guard let value = argument.value, !value.isEmpty else {
                throw .badArgument(argument.text, problem: "has no value")
            }
            switch option {
            case "ssh-key": sources.append(Source(option: option, place: value))
            case "volume": words.append("--volume=\(value)")
            case "image", "wipe", "after": values[option] = value
            case _ where UnattendedInstallation.options.contains(option): values[option] = value
            case _ where UnattendedInstallation.sourceOptions.contains(option): values[option] = value
            default: throw .badArgument(argument.text, problem: "is not known")
            }
        }
        try take(values)
    }

    private mutating func take(_ values: [String: String]) throws(InstallReason) {
        for (option, value) in values.sorted(by: { $0.key < $1.key }) {
            let text = "\(UnattendedInstallation.argument).\(option)=\(value)"
            switch (option, value) {
            case ("image", _): image = value
            case ("wipe", "no"): break
            case ("wipe", "yes"): words += ["--wipe", "--keep-hosts"]
            case ("wipe", "all"): words.append("--wipe")
            case ("wipe", _): throw .badArgument(text, problem: "must be no, yes or all")
            case ("after", _):
                guard let ending = Ending(rawValue: value) else {
                    throw .badArgument(text, problem: "must be reboot, poweroff or stay")
                }
                self.ending = ending
            case _ where UnattendedInstallation.sourceOptions.contains(option):
                sources.append(Source(option: option, place: value))
            default: words.append("--\(option)=\(value)")
            }
        }
    }

    /// Whether anything comes from another host.
    public var needsNetwork: Bool {
        ([image] + sources.map(\.place)).contains(where: ImageAddress.isAddress)
    }

    /// The words for `imgbase install`; `files` has the paths of the sources, in their order.
    public func arguments(files: [String]) -> [String] {
        words + zip(sources, files).map { "--\($0.option)=\($1)" } + ["--", image] + disks
    }
}

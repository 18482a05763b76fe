import ImgbasedCore

/// The answer to the question what an installation would find.
public struct InstallSurvey: Hashable, Sendable {
    /// The disks, in the order of the command line.
    public var disks: [InstallDisk]
    /// The platforms of GRUB whose modules are installed here.
    public var platforms: [GRUBPlatform]
    /// Whether systemd-boot is installed here.
    public var hasSystemdBoot = false
    /// The arguments of the running kernel.
    public var kernelArguments = ""
    /// Whether `/boot` is a directory here.
    public var hasBootDirectory: Bool
    /// The tools that are installed here.
    public var tools: Set<Tool>

    /// A survey with these findings.
    public init(
        disks: [InstallDisk], platforms: [GRUBPlatform], hasBootDirectory: Bool,
        tools: Set<Tool> = Set(Tool.allCases)
    ) {
        self.disks = disks
        self.platforms = platforms
        self.hasBootDirectory = hasBootDirectory
        self.tools = tools
    }

    /// The platforms whose firmware `loader` of this system can serve.
    func platforms(of loader: InstallLoader) -> [GRUBPlatform] {
        switch loader {
        case .grub: platforms
        case .systemdBoot: hasSystemdBoot ? GRUBPlatform.native.filter { $0 != .bios } : []
        }
    }
}

extension Step {
    /// What the package managers of Debian are told when nobody answers: configuration files stay as they
    /// are.
    static let keepsConfiguration = "--force-confold"
    private static let unattended = [
        "DEBIAN_FRONTEND": "noninteractive", "DEBCONF_NONINTERACTIVE_SEEN": "true",
    ]

    /// The actions of the steps about packages.
    var packageActions: [Action] {
        switch self {
        case .carryPackages(let order, let isLate): [.carryPackages(order, isLate: isLate)]
        case .keepArchive(let path, let archive): [.keepArchive(from: path, as: archive)]
        case .installArchives(let archives):
            [
                .run(
                    Command(
                        .dpkg, [Step.keepsConfiguration, "--install"] + archives.map(\.path),
                        environment: Step.unattended))
            ]
        case .installFromRepositories(let names):
            [
                .run(
                    Command(
                        .aptGet,
                        [
                            "--yes", "--no-remove", "--option", "DPkg::Options::=" + Step.keepsConfiguration,
                            "install", "--",
                        ] + names,
                        environment: Step.unattended))
            ]
        case .recordPackages(let record): [.recordPackages(record)]
        default: []
        }
    }
}

extension Step {
    /// The actions of the steps about packages.
    var packageActions: [Action] {
        switch self {
        case .carryPackages(let order, let isLate): [.carryPackages(order, isLate: isLate)]
        case .keepArchive(let path, let archive): [.keepArchive(from: path, as: archive)]
        case .installArchives(let archives, let manager):
            [
                .run(
                    Command(
                        manager.tool, manager.installing(archives.map(\.path)),
                        environment: manager.environment))
            ]
        case .installFromRepositories(let ids, let manager): [.run(manager.fetching(ids))]
        case .recordPackages(let record): [.recordPackages(record)]
        default: []
        }
    }
}

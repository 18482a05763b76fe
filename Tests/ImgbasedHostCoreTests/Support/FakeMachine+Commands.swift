@testable import ImgbasedCore
@testable import ImgbasedHostCore

extension FakeMachine {
    /// `imgbase layout --init /dev/sdb`
    mutating func initialize(volumes: [DataRequest] = []) throws {
        var planner = InitPlanner(
            disks: ["/dev/sdb"], size: nil, configSize: nil, configUUID: "config-uuid")
        planner.volumes = volumes
        try perform(try planner.plan(state, names: FakeMachine.names))
    }

    /// Runs `procedure`.
    mutating func run(_ procedure: Procedure) throws {
        var procedure = procedure
        while let stage = procedure.stage {
            if let plan = try procedure.next(observe(stage.question)) { try perform(plan) }
        }
    }

    private func observe(_ question: Question) -> Observation {
        var seen = Observation(state, names: FakeMachine.names)
        seen.fileSystem = .ext4
        seen.isShuttingDown = isShuttingDown
        seen.runningKernel = RunningKernel(kernel, in: .running)
        switch question {
        case .image: seen.image = image.image
        case .conversion: seen.conversion = conversion
        case .system(let system): seen.image = system
        case .installation:
            seen.image = image.image
            seen.installation = installation
        case .contents(let draft), .finalContents(let draft): seen.contents = found(in: draft.path)
        case .lateContents(let layer): seen.contents = found(in: layer)
        case .place(let place): seen.place = survey(place)
        case .layerTables: seen.layerTables = layerTables
        default: break
        }
        return seen
    }

    /// An image of one GiB.
    var image: BasePlanner {
        BasePlanner(
            name: nil, size: nil,
            image: ImageDescription(
                path: "image", length: Bytes(1 << 30), allocated: nil, signature: FakeMachine.signature))
    }

    /// `imgbase base --add image`
    mutating func addBase() throws { try run(.addBase(image)) }

    /// `imgbase layer --add`
    mutating func addLayer() throws { try run(.addLayer(on: nil, uuid: "layer-uuid")) }

    /// Makes `layer` the default, as after a good boot.
    mutating func settle(on layer: String) {
        var environment = GRUBEnvironment()
        let record = BootRecord(defaultLayer: layer)
        record.write(to: &environment)
        state.boot.environment = environment.block
        guard state.boot.loader == .systemdBoot else { return }
        state.boot.loaderConfig = "default imgbased-*\n"
        for entry in BootPlanner.entries(state.boot) {
            let (name, text) = SystemdBoot.file(entry, record)
            (state.boot.entries[entry.layer], state.boot.entryFiles[entry.layer]) = (text, [name.text])
        }
    }

    /// `imgbase update image`
    mutating func updateHost() throws {
        try run(.update(image, keep: 2, tries: BootRecord.Trial.defaultTries, uuid: "layer-uuid"))
    }

    /// `imgbase update --complete`
    mutating func completeUpdate(isLast: Bool = true) throws {
        isShuttingDown = isLast
        try run(.completeUpdate())
        isShuttingDown = false
    }

    /// `imgbase layer --remove` and `imgbase base --remove`
    mutating func remove(_ target: RemovalPlanner.Target, isForced: Bool = false) throws {
        try run(.remove(target, isForced: isForced))
    }

    /// `imgbase recover`
    mutating func recover() throws { try run(.recover()) }

    private func found(in layer: VolumePath) -> LayerContents {
        LayerContents(
            type: .ext4, fstab: contents[layer]?.fstab ?? [], release: OSRelease("NAME=Debian"),
            arguments: arguments.map { BootArguments(file: $0) }, files: kernel, helper: helper)
    }

    /// An ext4 file system of one GiB.
    static var signature: FileSystemSignature? {
        var head = [UInt8](repeating: 0, count: FileSystemSignature.length)
        head.replaceSubrange(1080..<1082, with: [0x53, 0xEF])
        head.replaceSubrange(1028..<1032, with: [0, 0, 4, 0])
        head[1048] = 2
        return FileSystemSignature(head)
    }
}

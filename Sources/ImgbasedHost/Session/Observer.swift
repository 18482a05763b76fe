import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Observes the host for the stages of a procedure.
///
/// Nothing is read twice unless something was changed in between.
struct Observer {
    private let session: Session
    private let request: ImageRequest?
    /// The image; `nil` until a stage asks for it.
    private(set) var source: ImageSource?
    private var state: HostState?
    private var contents: [VolumePath: LayerContents] = [:]

    /// An observer for `session`; `request` names its image.
    init(_ session: Session, image request: ImageRequest?) {
        self.session = session
        self.request = request
    }

    /// Forgets all observations: the host has changed.
    mutating func forget() {
        state = nil
        contents = [:]
    }

    /// The answer to `question`, and the state of the host.
    mutating func observe(_ question: Question) async throws(HostFailure) -> Observation {
        if case .installation(let disks) = question { return try await installation(on: disks) }
        let state = try await current()
        var seen = Observation(state, names: session.names(in: state))
        switch question {
        case .nothing: break
        case .image: seen.image = try image()
        case .contents(let draft): seen.contents = try contents(of: draft, in: state)
        case .finalContents(let draft):
            seen.contents = try contents(of: draft, in: state)
            seen.state = BootFileStore.checked(state, for: seen.contents.files)
        case .fileSystem(let volume):
            seen.fileSystem = try LayerProbe.type(ofDevice: volume.device, named: volume.name)
        case .lateContents(let layer):
            seen.contents = try LayerProbe.contents(ofDevice: layer.device, named: layer.name, .readOnly)
            seen.state = BootFileStore.checked(state, for: seen.contents.files)
            seen.isShuttingDown = await session.probe.isShuttingDown()
        case .helper(let layer): seen.state = try BootInspection.looking(into: layer, state)
        case .tables: seen.tables = LayerProbe.tables(of: state, names: seen.names)
        case .runningKernel:
            seen.runningKernel = try runningKernel(state)
            if let files = seen.runningKernel?.files { seen.state = BootFileStore.checked(state, for: files) }
        case .survey(let order):
            if session.isShowing { break }
            seen.survey = try VolumeCarry(order).survey()
            seen.packages = try await VolumePackages(order, session.runner).survey()
        case .place(let place): seen.place = try PlaceProbe.survey(place, state.volumes)
        case .layerTables: seen.layerTables = LayerProbe.layerTables(of: state, names: seen.names)
        case .conversion(let root, let disks):
            let (whole, survey) = try await session.probe.conversion(state, root: root, disks: disks)
            seen.state = whole
            seen.conversion = survey
        case .system(let image):
            if source == nil, let request { source = ImageSource(system: image, reporter: reporter(request)) }
            seen.image = image
        case .installation: break
        }
        return seen
    }

    private mutating func installation(on disks: [String]) async throws(HostFailure) -> Observation {
        let (state, survey) = try await session.probe.installation(disks: disks)
        var seen = Observation(state, names: session.names(in: state))
        seen.installation = survey
        seen.image = try image()
        return seen
    }

    /// The state of the host, or the state after the shown plans.
    private mutating func current() async throws(HostFailure) -> HostState {
        let state = if let known = state { known } else { try await session.probe.boot() }
        self.state = state
        return session.progress.outlook.applied(to: state, session.names(in: state))
    }

    private mutating func image() throws(HostFailure) -> ImageDescription? {
        guard source == nil, let request else { return source?.description }
        let opened = try ImageSource(request.path, reporter: reporter(request))
        source = opened
        return opened.description
    }

    private func reporter(_ request: ImageRequest) -> ImageReporter {
        ImageReporter(trace: session.runner.trace, show: request.progress, tell: request.notice)
    }

    /// The content of the layer of `draft`.
    ///
    /// Before the layer exists, its source is read, if that changes nothing.
    private mutating func contents(
        of draft: LayerDraft, in state: HostState
    ) throws(HostFailure) -> LayerContents {
        if let known = contents[draft.path] { return known }
        let found = try Observer.look(into: draft, state)
        contents[draft.path] = found
        return found
    }

    private static func look(into draft: LayerDraft, _ state: HostState) throws(HostFailure) -> LayerContents
    {
        let name = draft.path.name
        if state.booted == draft.path { return try running(draft.path) }
        if state.volumes.contains(where: { $0.path == draft.path && $0.isActive }) {
            return try LayerProbe.contents(ofDevice: draft.path.device, named: name, .readOnly)
        }
        let source = draft.source
        do throws(HostFailure) {
            if state.booted == source { return try running(source) }
            if state.volumes.contains(where: { $0.path == source && $0.isActive }) {
                return try LayerProbe.contents(ofDevice: source.device, named: source.name, .untouched)
            }
        } catch {
            guard case .system = error else { throw error }
        }
        return .unknown
    }

    private static func running(_ layer: VolumePath) throws(HostFailure) -> LayerContents {
        let type = try LayerProbe.type(ofDevice: layer.device, named: layer.name)
        return try LayerProbe.contentsOfRunning(named: layer.name, type: type)
    }

    private func runningKernel(_ state: HostState) throws(HostFailure) -> RunningKernel {
        guard let booted = state.booted else { throw .contents(.notOnALayer) }
        let (files, source, helper) = try LayerProbe.runningFiles(named: booted.name)
        if helper == .absent { throw .contents(.noHelper(layer: booted.name, initrd: files.initrd)) }
        return RunningKernel(files, in: source)
    }
}

import ImgbasedCore
import ImgbasedLinux

/// Activates and mounts one chosen layer, or leaves nothing of it behind.
struct RootBringUp: ~Copyable {
    private static let target = "/sysroot"

    private let request: BootRequest
    private var found: VolumeGroupSearch.Found
    private let modules: KernelModules
    private let lacking: SystemError?
    private var warnings: [String] = []
    private var search: VolumeGroupSearch
    private var mapper = DeviceMapper()
    private var active: LayerActivation.Active?

    init(
        _ request: BootRequest, _ found: VolumeGroupSearch.Found, _ modules: KernelModules,
        lacking: SystemError?, _ search: consuming VolumeGroupSearch
    ) {
        self.lacking = lacking
        self.request = request
        self.found = found
        self.modules = modules
        self.search = search
    }

    mutating func run(_ selection: LayerSelection, _ times: inout Stopwatch) throws(BootError) {
        // Another layer may need other disks.
        if !selection.fallbacks.isEmpty { found = try search.run(found, for: selection.volume) }
        var activation = LayerActivation(
            of: selection.volume, in: found, for: request, modules: modules, lacking: lacking)
        let active = try activation.run(&mapper) { () throws(SystemError) in try search.waitForDisk() }
        times.lap("activation")
        do throws(BootError) {
            let node = try BootError.call(name(selection.volume, active.device))
            times.lap("udev")
            try mount(node, active, isFallback: !selection.fallbacks.isEmpty)
        } catch {
            try activation.undo(after: error, &mapper)
            throw error
        }
        times.lap("mount")
        self.active = active
    }

    func report(of selection: LayerSelection, _ times: Stopwatch) -> BootReport {
        BootReport(
            layer: selection.volume, base: selection.base, volumeGroup: found.group.name,
            device: name(of: selection.volume), chosenBy: selection.chosenBy,
            reason: request.reason, mode: active?.mode ?? request.mode,
            activatedBy: active?.activator ?? .native,
            refusal: active?.refusal, degraded: active?.degraded, fallbacks: selection.fallbacks,
            warnings: request.warnings + warnings + found.warnings + (active?.warnings ?? []),
            timings: times.laps)
    }

    /// The device-mapper name of `volume`.
    private func name(of volume: String) -> String {
        DeviceMapperName(group: found.group.name, volume: volume).description
    }

    /// Ensures that the names of `volume` in /dev exist, and returns the one to mount.
    ///
    /// udev makes the names; after the wait it has the state that it hands over to the booted system. Without
    /// udev, or if udev hangs, the helper makes them in udev's way, and udev then takes them for its own.
    /// After a hang the layer is usable, and the booted system's udev examines it again.
    private mutating func name(_ volume: String, _ device: DeviceMapper.Info) throws(SystemError) -> String {
        if !mapper.waitForUdev(seconds: request.limits.udev) {
            let warning =
                "udev has not handled the devices of layer '\(volume)' after \(request.limits.udev) seconds; "
                + "going on without it"
            warnings.append(warning.asMessageLine)
        }
        let node = "/dev/mapper/\(name(of: volume))"
        for path in [node, "/dev/\(found.group.name)/\(volume)"] where !isNode(path, of: device) {
            try SmallFile.link(to: "../dm-\(device.minor)", at: path)
        }
        return node
    }

    /// Whether `path` leads to the device.
    private func isNode(_ path: String, of device: DeviceMapper.Info) -> Bool {
        BlockDevice.number(of: path) == device.number
    }

    /// Fails if the mount at `/sysroot` is not a layer of the group.
    ///
    /// A person or another part of the initramfs has put it there.
    func checkPlace() throws(BootError) {
        guard let present = try BootError.call(LayerMount.present(at: RootBringUp.target)) else { return }
        let uuid = BlockDevice.mapperUUID(number: present.number)
        guard uuid?.hasPrefix("LVM-" + found.group.id.characters) == true else {
            throw .failed(
                "'\(present.source)' is mounted at '\(RootBringUp.target)', and is no layer; unmount it, "
                    + "or boot with rd.imgbased=0")
        }
    }

    private func mount(
        _ node: String, _ active: LayerActivation.Active, isFallback: Bool
    ) throws(BootError) {
        let number = active.device.number
        // After a restart by hand from dracut's shell, an earlier mount may be of another layer or in another
        // mode.
        let present = try BootError.call(LayerMount.present(at: RootBringUp.target))
        if let present, !present.isLayer(number, active.mode) {
            try BootError.call(LayerMount.unmount(RootBringUp.target, volatile: present.isVolatile))
        }
        if present?.isLayer(number, active.mode) != true {
            let check = try BootError.call(
                LayerMount.mount(
                    node, number: number, at: RootBringUp.target, mode: active.mode,
                    readOnly: !request.mountsWritable,
                    check: active.device.isReadOnly ? nil : request.fileSystemCheck, limits: request.limits,
                    options: request.rootFlags, modules: modules))
            if let check { say(check) }
        }
        do throws(BootError) {
            guard let reason = try BootError.call(problem(isFallback: isFallback)) else { return }
            throw .failed(reason)
        } catch {
            try BootError.call(
                LayerMount.unmount(RootBringUp.target, volatile: active.mode == .volatile))
            throw error
        }
    }

    /// Why the mounted system cannot come up; `nil` if no reason can be seen.
    private func problem(isFallback: Bool) throws(SystemError) -> String? {
        guard try InitProgram.exists(in: RootBringUp.target, asked: request.initProgram) else {
            return "it has no /sbin/init"
        }
        // The running kernel came with another layer.
        guard isFallback, let release = SmallFile.line("/proc/sys/kernel/osrelease"),
            try !InitProgram.hasModules(of: release, in: RootBringUp.target)
        else { return nil }
        return "it has no modules of the running kernel \(release)"
    }
}

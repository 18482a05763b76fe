@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Checks the properties of every plan and selection from a volume group.
struct GroupProperties {
    private let group: VolumeGroup

    init(_ group: VolumeGroup) {
        self.group = group
    }

    func check() throws(Finding) {
        for volume in group.logicalVolumes {
            guard let plan = try? ActivationPlan(volume.name, in: group) else { continue }
            try check(plan, of: volume)
        }
        try checkSelection()
    }

    // MARK: Plans

    private func check(_ plan: ActivationPlan, of volume: LogicalVolume) throws(Finding) {
        try Finding.unless(group.refusal == nil, "a volume of a refused group is planned")
        var lengths: [String: UInt64] = [:]
        var targetCount = 0
        for device in plan.devices {
            try check(device)
            try Finding.unless(lengths[device.name] == nil, "device '\(device.name)' is there twice")
            var end: UInt64 = 0
            for target in device.targets {
                try Finding.unless(
                    target.start.count == end && target.length.count > 0,
                    "the targets do not follow each other")
                let (sum, overflow) = end.addingReportingOverflow(target.length.count)
                try Finding.unless(!overflow && sum <= .max / Sectors.size, "a device is too long")
                end = sum
                try check(target, lengths)
            }
            lengths[device.name] = end
            targetCount += device.targets.count
        }
        try Finding.unless(
            plan.devices.last?.name == DeviceMapperName(group: group.name, volume: volume.name).description,
            "the last device is not the volume")
        let size = volume.extentCount.sectors(ofSize: group.extentSize)?.count
        try Finding.unless(plan.devices.last.map { lengths[$0.name] } == size, "a volume has another length")
        try Finding.unless(
            plan.physicalVolumes.allSatisfy { plan.end(on: $0) != nil }, "a physical volume has no end")
        let lines = plan.rendered { $0.description }
        try Finding.unless(
            lines.count
                == targetCount + plan.devices.count + plan.devices.count { $0.readAhead != nil }
                + plan.devices.count { $0.minor != nil }, "a line is missing")
        try Finding.unless(lines.allSatisfy(isPlain), "a name or table has more than plain characters")
    }

    private func check(_ device: MappedDevice) throws(Finding) {
        try Finding.unless(
            device.name.utf8.count <= DeviceMapperName.limit && !device.name.utf8.contains(UInt8(ascii: "/")),
            "'\(device.name)' is no name for a device")
        try Finding.unless(
            DeviceMapperName(device.name)?.group == group.name, "'\(device.name)' is in another group")
        // DM_UUID_LEN, including the final zero.
        try Finding.unless(
            device.uuid.hasPrefix("LVM-\(group.id.characters)") && device.uuid.utf8.count < 129,
            "'\(device.uuid)' is no UUID of lvm2's")
        try Finding.unless(!device.targets.isEmpty, "a device has no table")
    }

    /// Checks that `target` stays within physical volumes and earlier devices, whose sizes are `lengths`.
    private func check(_ target: MappedTarget, _ lengths: [String: UInt64]) throws(Finding) {
        var references: [DeviceReference] = []
        let arguments = target.arguments { reference in
            references.append(reference)
            return "254:0"
        }
        try Finding.unless(arguments.utf8.count < 1 << 20, "a table is too long")
        for case .mapped(let name) in references {
            try Finding.unless(lengths[name] != nil, "'\(name)' is used before it is made")
        }
        switch target.kind {
        case .snapshot(_, _, let chunkSize, _):
            try Finding.unless(chunkSize.count <= UInt64(UInt32.max), "a chunk is too long")
        case .linear(let area):
            try check(area, length: target.length.count, lengths)
        case .striped(let size, let areas):
            let count = UInt64(areas.count)
            try Finding.unless(
                count > 1 && size.count > 0 && target.length.count.isMultiple(of: count),
                "the stripes are uneven")
            for area in areas { try check(area, length: target.length.count / count, lengths) }
        default:
            break
        }
    }

    private func check(
        _ area: MappedTarget.StripeArea, length: UInt64, _ lengths: [String: UInt64]
    ) throws(Finding) {
        let (end, overflow) = area.offset.count.addingReportingOverflow(length)
        try Finding.unless(!overflow, "an area is too long")
        switch area.device {
        case .mapped(let name):
            try Finding.unless(end <= lengths[name] ?? 0, "'\(name)' is too short")
        case .physicalVolume(let id):
            guard let volume = group.physicalVolumes.first(where: { $0.id == id }) else {
                throw Finding(description: "physical volume \(id) is not in the group")
            }
            let length = volume.extentCount.sectors(ofSize: group.extentSize)?.count ?? .max
            let (last, lastOverflow) = volume.firstExtent.count.addingReportingOverflow(length)
            try Finding.unless(
                area.offset >= volume.firstExtent && (lastOverflow || end <= last),
                "an area is outside physical volume \(id)")
        }
    }

    private func isPlain(_ line: String) -> Bool {
        line.utf8.allSatisfy { (UInt8(ascii: " ")...UInt8(ascii: "~")).contains($0) }
    }

    // MARK: Layers

    private static let requests = [
        request("rd.imgbased.layer=latest"),
        request("rd.imgbased.layer=previous rd.imgbased.fallback=Base-0,latest"),
    ]

    private static func request(_ commandLine: String) -> BootRequest {
        BootRequest(commandLine: KernelCommandLine(commandLine))
    }

    /// Checks that for every request, the choice ends, and the chosen volume exists.
    private func checkSelection() throws(Finding) {
        var requests = GroupProperties.requests
        if let name = group.logicalVolumes.first?.name {
            requests.append(
                GroupProperties.request("rd.imgbased.layer=\(name) rd.imgbased.fallback=previous"))
            requests.append(GroupProperties.request("rd.lvm.lv=x/\(name)"))
        }
        for request in requests {
            guard var selection = try? LayerSelection(request, in: group) else { continue }
            for _ in 0...request.fallback.count {
                guard let volume = group.volume(selection.volume) else {
                    throw Finding(description: "'\(selection.volume)' was chosen and does not exist")
                }
                try Finding.unless(
                    !volume.has(Tag.building), "'\(volume.name)' was chosen and is not complete")
                guard let next = try? selection.next(after: "reason") else { break }
                try Finding.unless(
                    !next.fallbacks.contains { $0.layer == next.volume }, "'\(next.volume)' was chosen again")
                selection = next
            }
            try Finding.unless(
                (try? selection.next(after: "reason")) == nil, "there is always another choice")
        }
    }
}

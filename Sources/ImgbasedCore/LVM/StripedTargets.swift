/// The table of a volume that lies on physical volumes.
enum StripedTargets {
    /// A target in the making.
    ///
    /// lvm2 joins segments that continue each other (lvm2: lv_merge_segments); the same table requires the
    /// same here.
    private struct Run {
        var start: UInt64
        var length: UInt64
        let segment: Segment.Striped
        let tags: [String]

        var lengthOnEach: UInt64 {
            length / UInt64(segment.areas.count)
        }

        func isContinued(by other: Run) -> Bool {
            segment.stripeSize == other.segment.stripeSize && tags == other.tags
                && segment.areas.count == other.segment.areas.count
                && zip(segment.areas, other.segment.areas).allSatisfy { own, next in
                    own.device == next.device
                        && own.firstExtent.count + lengthOnEach == next.firstExtent.count
                }
        }
    }

    /// The targets of `volume` in `group`.
    static func of(_ volume: LogicalVolume, in group: VolumeGroup) throws(Refusal) -> [MappedTarget] {
        var runs: [Run] = []
        for segment in volume.segments {
            guard case .striped(let striped) = segment.kind else {
                throw refusal(
                    of: volume, in: group, "has a segment of type '\(segment.type)' where none can be")
            }
            guard segment.length.count.isMultiple(of: UInt64(striped.areas.count)) else {
                throw refusal(of: volume, in: group, "has stripes of unequal length")
            }
            let run = Run(
                start: segment.start.count, length: segment.length.count, segment: striped, tags: segment.tags
            )
            if let last = runs.last, last.isContinued(by: run) {
                runs[runs.count - 1].length += run.length
            } else {
                runs.append(run)
            }
        }
        var targets: [MappedTarget] = []
        for run in runs {
            targets.append(try target(run, of: volume, in: group))
        }
        return targets
    }

    private static func target(
        _ run: Run, of volume: LogicalVolume, in group: VolumeGroup
    ) throws(Refusal) -> MappedTarget {
        guard let start = Extents(run.start).sectors(ofSize: group.extentSize),
            let length = Extents(run.length).sectors(ofSize: group.extentSize), length.bytes != nil
        else { throw refusal(of: volume, in: group, "is too long") }
        var areas: [MappedTarget.StripeArea] = []
        for area in run.segment.areas {
            areas.append(try place(area, length: run.lengthOnEach, of: volume, in: group))
        }
        if areas.count == 1 {
            return MappedTarget(start: start, length: length, kind: .linear(areas[0]))
        }
        // Only zero is a multiple of zero.
        guard (length.count / UInt64(areas.count)).isMultiple(of: run.segment.stripeSize.count) else {
            throw refusal(of: volume, in: group, "has a stripe size the kernel does not take")
        }
        return MappedTarget(
            start: start, length: length, kind: .striped(size: run.segment.stripeSize, areas: areas))
    }

    /// The physical volume and offset at which `area` begins, if its `length` in extents fits there.
    private static func place(
        _ area: Segment.Striped.Area, length: UInt64, of volume: LogicalVolume, in group: VolumeGroup
    ) throws(Refusal) -> MappedTarget.StripeArea {
        guard let physical = group.physicalVolume(area.device) else {
            throw refusal(of: volume, in: group, "lies on '\(area.device)', which is no physical volume")
        }
        if let problem = physical.problems.first {
            throw Refusal("physical volume \(physical.id) of volume group '\(group.name)' \(problem)")
        }
        guard area.firstExtent.count + length <= physical.extentCount.count,
            let offset = area.firstExtent.sectors(ofSize: group.extentSize),
            let extents = Extents(length).sectors(ofSize: group.extentSize)
        else { throw refusal(of: volume, in: group, "goes beyond the end of a physical volume") }
        let (first, overflow) = physical.firstExtent.count.addingReportingOverflow(offset.count)
        let (end, endOverflow) = first.addingReportingOverflow(extents.count)
        guard !overflow, !endOverflow, Sectors(end).bytes != nil else {
            throw refusal(of: volume, in: group, "goes beyond the end of a physical volume")
        }
        return MappedTarget.StripeArea(device: .physicalVolume(physical.id), offset: Sectors(first))
    }

    private static func refusal(of volume: LogicalVolume, in group: VolumeGroup, _ reason: String) -> Refusal
    {
        Refusal("volume '\(group.name)/\(volume.name)' \(reason)")
    }
}

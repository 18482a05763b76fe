import Foundation
import Testing

@testable import ImgbasedCore

/// A volume of a group laid out by lvm2 2.03.16, with recordings in `Fixtures/layouts/GROUP/VOLUME.KIND`.
///
/// Tests/BootTests/LayoutTests.swift records them, and the group's metadata beside them.
struct RecordedLayout: CustomTestStringConvertible {
    /// The name of the group.
    let group: String
    /// The name of the volume.
    let volume: String
    private let kind: String

    /// All volumes with a recording of that `kind`.
    static func all(_ kind: String) throws -> [RecordedLayout] {
        let files = FileManager.default
        let directory = Fixture.directory + "/layouts"
        return try files.contentsOfDirectory(atPath: directory).sorted().flatMap { group in
            try files.contentsOfDirectory(atPath: "\(directory)/\(group)").sorted()
                .filter { $0.hasSuffix("." + kind) }
                .map { RecordedLayout(group: group, volume: String($0.dropLast(kind.count + 1)), kind: kind) }
        }
    }

    var testDescription: String { "\(group)/\(volume)" }

    /// The recorded lines.
    func lines() throws -> [String] {
        try Fixture.lines("layouts/\(group)/\(volume).\(kind)")
    }

    /// The plan for the volume, with each physical volume by lvm2's name of its device.
    func plan() throws -> [String] {
        let text = try MetadataText(Fixture.bytes("layouts/\(group)/metadata"))
        let disks = text.root.child(group)?.child("physical_volumes")?.children ?? []
        var paths: [LVMIdentifier: String] = [:]
        for disk in disks { paths[try disk.requiredIdentifier("id")] = try disk.requiredString("device") }
        return try ActivationPlan(volume, in: VolumeGroup(text)).rendered { paths[$0] ?? "?" }
    }
}

import Foundation
import ImgbasedCore
import ImgbasedHostCore
import Testing

/// Runs the fuzz targets over the stored inputs, without libFuzzer.
@Suite struct CorpusTests {
    private func corpus(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Corpus/\(target.rawValue)")
        return try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            .map { ($0.lastPathComponent, try [UInt8](Data(contentsOf: $0))) }
    }

    @Test(arguments: FuzzTarget.allCases)
    func propertiesHold(target: FuzzTarget) throws {
        for input in try corpus(of: target) {
            #expect(throws: Never.self, "\(input.name)") { try target.check(input.bytes) }
        }
    }

    /// Without a torn disk, no input would reach the search for texts that no header points to.
    @Test func someDisksAreTorn() throws {
        var reader = MetadataReader()
        let scans = try corpus(of: .physicalVolume).compactMap { input in
            try? PhysicalVolumeScan.read(FuzzedDisk(input.bytes), path: "/dev/vda", by: &reader)
        }
        #expect(scans.contains { $0.isTorn && $0.volumeGroup != nil })
    }

    /// Without a planned disk, the properties of groups would be checked for no group.
    @Test func someDisksArePlanned() throws {
        var reader = MetadataReader()
        let groups = try corpus(of: .physicalVolume).compactMap { input in
            try? PhysicalVolumeScan.read(FuzzedDisk(input.bytes), path: "/dev/vda", by: &reader)?.volumeGroup
        }
        let plans = groups.flatMap { group in
            group.logicalVolumes.compactMap { try? ActivationPlan($0.name, in: group) }
        }
        #expect(plans.contains { $0.devices.count == 1 })
        #expect(plans.contains { $0.devices.count >= 4 && $0.devices[0].role == .poolMetadata })
    }
}

import Foundation
import ImgbasedCore
import Testing

/// Samples recorded from lvm2 2.03.16 on a machine with one disk.
enum Fixture {
    /// The identifier of the disk's physical volume.
    static let disk = "2CibBL-ALoU-jSnI-i9X6-FocF-VIDc-4vb7Tj"
    /// The size of the disk in bytes.
    static let diskSize: UInt64 = 2 << 30

    /// The directory of the samples.
    static let directory = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures").path

    static func bytes(_ name: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(filePath: directory + "/" + name)))
    }

    static func text(_ name: String) throws -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }

    static func lines(_ name: String) throws -> [String] {
        try text(name).split(separator: "\n").map(String.init)
    }

    /// The recorded group after `edits` of its text.
    ///
    /// The left side of each edit must occur exactly once.
    static func group(_ edits: (String, String)...) throws -> VolumeGroup {
        try group(edits)
    }

    static func group(_ edits: [(String, String)]) throws -> VolumeGroup {
        try VolumeGroup(MetadataText(Array(text(edits).utf8)))
    }

    /// Why there is no plan for `volume` of the edited group; `nil` if there is one.
    static func refusal(_ volume: String, _ edits: [(String, String)]) throws -> String? {
        let group = try group(edits)
        do throws(Refusal) {
            _ = try ActivationPlan(volume, in: group)
            return nil
        } catch {
            return error.reason
        }
    }

    /// The recorded text on one line, without comments, so that edits do not depend on the indentation.
    static func text(_ edits: [(String, String)]) throws -> String {
        let lines = try lines("HostVG.vgcfg").map { $0.prefix { $0 != "#" } }
        var text = lines.flatMap { $0.split { $0.isWhitespace } }.joined(separator: " ")
        for (old, new) in edits {
            try #require(text.components(separatedBy: old).count == 2, "\(old) must be there once")
            text = text.replacingOccurrences(of: old, with: new)
        }
        return text
    }

    /// An edit that adds `line` to the section of a volume or to the group.
    static func adding(_ line: String, to section: String) -> (String, String) {
        (" \(section) { ", " \(section) { \(line) ")
    }

    /// An edit that forbids writing to the volume with `id`.
    static func readOnly(_ id: String) -> (String, String) {
        ("id = \"\(id)\" status = [\"READ\", \"WRITE\"", "id = \"\(id)\" status = [\"READ\"")
    }

    /// An edit that adds `section` to the volumes.
    static func addingVolume(_ section: String) -> (String, String) {
        (" logical_volumes { ", " logical_volumes { \(section) ")
    }

    /// The section of a thin volume with a default segment.
    static func volume(
        _ name: String, tags: [String] = [], created: Int = 0,
        status: String = "\"READ\", \"WRITE\", \"VISIBLE\"",
        segment: String = "type = \"thin\" thin_pool = \"pool\" transaction_id = 1 device_id = 9"
    ) -> String {
        let id = String(
            (name + String(repeating: "0", count: 32)).filter { $0.isLetter || $0.isNumber }.prefix(32))
        let tags = tags.map { "\"\($0)\"" }.joined(separator: ", ")
        return """
            \(name) {
                id = "\(id)" status = [\(status)] flags = [] tags = [\(tags)]
                creation_time = \(created) creation_host = "h" segment_count = 1
                segment1 { start_extent = 0 extent_count = 128 \(segment) }
            }

            """
    }
}

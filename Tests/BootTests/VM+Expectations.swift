import Foundation
import TestMachine
import Testing

/// The fields of `/run/imgbased/boot.json` that tests use.
struct BootReport: Decodable {
    struct Fallback: Decodable {
        let layer: String
        let reason: String
    }
    let layer: String
    let base: String?
    let volumeGroup: String
    let chosenBy: String
    let mode: String
    let activatedBy: String
    let refusal: String?
    let degraded: String?
    let fallbacks: [Fallback]
    let warnings: [String]
    let timings: [String: Double]
}

extension VM {
    /// Types the passphrase of a disk when the console asks for it.
    ///
    /// A program that asks prints its prompt, then turns the echo off and drops what was typed before. Text
    /// that comes back was typed too early.
    func typePassphrase(_ text: String) throws {
        _ = try expect(oneOf: ["passphrase for", "Password ("], within: .minutes(4))
        repeat {
            try type(text + "\r")
        } while try expect(
            oneOf: [text, "booting layer", "login:"], within: .minutes(4)) == 0
    }

    /// The helper's report of the boot.
    func bootReport() throws -> BootReport {
        try JSONDecoder().decode(BootReport.self, from: Data(check("cat /run/imgbased/boot.json").utf8))
    }

    /// Expects that `layer` is booted, healthy, and reports how it was chosen.
    ///
    /// The default is a choice by `rd.imgbased.layer=`.
    @discardableResult
    func expectBooted(
        _ layer: String, on base: String, chosenBy: String? = nil, mode: String = "rw",
        activatedBy: String = "native",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> BootReport {
        try waitForGuest()
        let report = try bootReport()
        #expect(report.layer == layer, sourceLocation: sourceLocation)
        #expect(report.base == base, sourceLocation: sourceLocation)
        #expect(report.volumeGroup == "HostVG", sourceLocation: sourceLocation)
        #expect(
            report.chosenBy == chosenBy ?? "rd.imgbased.layer=\(layer)", sourceLocation: sourceLocation)
        #expect(report.mode == mode, sourceLocation: sourceLocation)
        #expect(report.degraded == nil, sourceLocation: sourceLocation)
        #expect(report.activatedBy == activatedBy, sourceLocation: sourceLocation)
        try expect("You are on \(layer)", from: "imgbase w", sourceLocation)
        // lvm2 and related tools know the root by this name.
        let source = mode == "volatile" ? "overlay" : "/dev/mapper/HostVG-\(layer.replacing("-", with: "--"))"
        try expect(source, from: "findmnt -no SOURCE /", sourceLocation)
        try expect(
            "running", from: "systemctl is-system-running --wait || systemctl --failed", sourceLocation)
        return report
    }

    /// Expects that `script` writes exactly `output`.
    func expect(
        _ output: String, from script: String, within limit: Duration = .minutes(2),
        _ sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try run(script, within: limit)
        #expect(result.output == output, "\(script)", sourceLocation: sourceLocation)
    }

    /// Expects that the initramfs, booted with `rd.shell=0`, gives up with the only message `complaint`.
    ///
    /// - Parameter end: the kernel's message at the end.
    func expectHalt(
        after problem: String, end: String = "System halted",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let halted = try expect(end, within: .minutes(5))
        #expect(halted.complaints == ["imgbase-initrd: " + problem], sourceLocation: sourceLocation)
        #expect(!halted.contains("maintenance"), sourceLocation: sourceLocation)
    }

    /// Expects that the content of `base` is unchanged, by its tags.
    func expectUnchanged(base: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let tags = try check("lvs --noheadings -o lv_tags HostVG/\(base)")
            .trimmingCharacters(in: .whitespaces).split(separator: ",").map(String.init)
        let bytes = try #require(tags.value(of: "imgbased:bytes"), sourceLocation: sourceLocation)
        let digest = try #require(tags.value(of: "imgbased:sha256"), sourceLocation: sourceLocation)
        let seen = try check(
            """
            lvchange -K -ay HostVG/\(base)
            head -c \(bytes) /dev/HostVG/\(base) | sha256sum
            lvchange -an HostVG/\(base)
            """, within: .minutes(5))
        #expect(seen == digest + "  -", sourceLocation: sourceLocation)
    }
}

extension String {
    /// The helper's messages on the console, without the kernel's time stamp and the journal's prefix.
    var complaints: [String] {
        split(whereSeparator: \.isNewline).compactMap { line in
            line.firstRange(of: "imgbase-initrd: ").map { String(line[$0.lowerBound...]) }
        }
    }
}

extension [String] {
    fileprivate func value(of tag: String) -> String? {
        first { $0.hasPrefix(tag + "=") }.map { String($0.dropFirst(tag.count + 1)) }
    }
}

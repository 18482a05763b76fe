import Foundation
import Testing

@testable import ImgbasedCore

@Suite struct BootReportTests {
    private struct Parsed: Decodable, Equatable {
        struct Fallback: Decodable, Equatable {
            var layer: String
            var reason: String
        }
        var layer: String
        var base: String?
        var volumeGroup: String
        var device: String
        var chosenBy: String
        var reason: String?
        var mode: String
        var activatedBy: String
        var refusal: String?
        var degraded: String?
        var fallbacks: [Fallback]
        var warnings: [String]
        var timings: [String: Double]
    }

    @Test func isJSON() throws {
        let nasty = "a \"b\" \\c\n\t\r\u{1}\u{1f}\u{7f} ä € 😀 </script>"
        let report = BootReport(
            layer: "Base-0.1", base: nil, volumeGroup: "HostVG", device: "HostVG-Base--0.1", chosenBy: nasty,
            reason: .trial, mode: .volatile, activatedBy: .lvm, refusal: nasty, degraded: nasty,
            fallbacks: [SkippedLayer(layer: "x", reason: nasty)],
            warnings: [nasty, ""], timings: [("start", 1234.5678), ("a\"b", 0)])
        let parsed = try JSONDecoder().decode(Parsed.self, from: Data(report.json.utf8))
        #expect(
            parsed
                == Parsed(
                    layer: "Base-0.1", base: nil, volumeGroup: "HostVG", device: "HostVG-Base--0.1",
                    chosenBy: nasty, reason: "trial",
                    mode: "volatile", activatedBy: "lvm", refusal: nasty, degraded: nasty,
                    fallbacks: [.init(layer: "x", reason: nasty)],
                    warnings: [nasty, ""], timings: ["start": 1234.568, "a\"b": 0]))
    }

    @Test func isWrittenSo() {
        let report = BootReport(
            layer: "Base-0.1", base: "Base-0", volumeGroup: "HostVG", device: "d", chosenBy: "default",
            mode: .readWrite, timings: [("disks", 20.25), ("mount", 3)])
        #expect(
            report.json
                == #"{"layer":"Base-0.1","base":"Base-0","volumeGroup":"HostVG","device":"d","chosenBy":"default","#
                + #""reason":null,"mode":"rw","activatedBy":"native","refusal":null,"degraded":null,"fallbacks":[],"#
                + #""warnings":[],"timings":{"disks":20.250,"mount":3.000}}"# + "\n")
    }

    @Test(arguments: [
        (0, "0.000"), (0.0004, "0.000"), (0.0006, "0.001"), (1.05, "1.050"), (-2.5, "-2.500"),
        (-0.0001, "0.000"),
        (99999.9999, "100000.000"), (.infinity, "null"), (.nan, "null"), (1e300, "null"),
    ])
    func writesNumbers(value: Double, expected: String) {
        #expect(JSONText.thousandths(value) == expected)
    }
}

import Foundation
import TestMachine
import Testing

/// The fields of `imgbase status --json` that tests use.
struct StatusReport: Decodable {
    struct Trial: Decodable, Equatable {
        let layer: String
        let tries: Int
        let triesLeft: Int
        let starts: Int
    }
    struct Next: Decodable, Equatable {
        let layer: String
        let reason: String
    }
    let booted: String?
    let reason: String?
    let health: String
    let `default`: String?
    let trial: Trial?
    let next: Next?
    let warnings: [String]
}

extension VM {
    /// Waits until the boot loader boots `layer` and all units have finished.
    ///
    /// Expects that `layer` is booted for GRUB's `reason`; returns the whole status.
    @discardableResult
    func expectStatus(
        _ layer: String, _ reason: String?, health: String = "good", next: String? = nil,
        warnings: [String] = [], byGRUB: Bool = true, within limit: Duration = .minutes(6),
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> StatusReport {
        if byGRUB {
            try waitForGuest(after: "Loading layer \(layer) ", within: limit)
        } else {
            try waitForGuest(within: limit)
        }
        try check("systemctl is-system-running --wait || true")
        let status = try JSONDecoder().decode(
            StatusReport.self, from: Data(check("imgbase status --json").utf8))
        #expect(status.booted == layer, sourceLocation: sourceLocation)
        #expect(status.reason == reason, sourceLocation: sourceLocation)
        #expect(status.health == health, sourceLocation: sourceLocation)
        #expect(status.next?.layer == next ?? layer, sourceLocation: sourceLocation)
        #expect(status.warnings == warnings, sourceLocation: sourceLocation)
        return status
    }
}

import Foundation
import Testing

/// The order of our units among others, checked by systemd itself.
@Suite(
    .enabled(
        if: Helper.exists("/usr/bin/systemd-analyze") && Helper.exists("/lib/systemd/system/basic.target"),
        "there is no systemd"))
struct UnitOrderTests {
    /// The output of systemd-analyze for a system with iSCSI and a network manager, ordered as in Debian 12.
    private static func verify(_ change: (String) -> String) throws -> String {
        let scratch = try Scratch()
        func unit(_ name: String, _ ordering: String, service: String = "") throws {
            try scratch.write(name, "[Unit]\n\(ordering)\n\(service)".utf8)
        }
        let service = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"
        let apart = "DefaultDependencies=no\nConflicts=shutdown.target\nBefore=shutdown.target\n"
        try unit(
            "blk-availability.service", apart + "After=iscsi.service iscsid.service fcoe.service",
            service: service)
        try unit(
            "iscsid.service",
            apart + "After=network.target network-online.target\nBefore=remote-fs-pre.target",
            service: service)
        try unit("NetworkManager.service", "Before=network.target", service: service)
        try unit(
            "all.target",
            "Requires=basic.target blk-availability.service iscsid.service NetworkManager.service network.target "
                + "imgbase-complete.service")
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../systemd/imgbase-complete.service.in")
        let text = try String(contentsOf: path, encoding: .utf8)
        // The programs are not installed on the test host.
        let lines = change(text).split(separator: "\n").map { line in
            line.hasPrefix("ExecStop=") ? "ExecStop=/bin/true" : line
        }
        try scratch.write("imgbase-complete.service", (lines.joined(separator: "\n") + "\n").utf8)
        return try Helper.run(
            "/bin/sh", "-c",
            "SYSTEMD_UNIT_PATH='\(scratch.path):/lib/systemd/system' systemd-analyze --man=no verify all.target 2>&1 || true"
        )
    }

    /// With a cycle, systemd would not shut down.
    @Test func completingIsInNoCircle() throws {
        let order = "Before=blk-availability.service"
        let answer = try UnitOrderTests.verify {
            #expect($0.contains("\n\(order)\n"))
            return $0
        }
        #expect(!answer.contains("cycl"), "\(answer)")
        let other = try UnitOrderTests.verify {
            $0.replacingOccurrences(of: order, with: "After=blk-availability.service")
        }
        #expect(other.contains("Transaction order is cyclic"), "\(other)")
    }
}

import Foundation
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

@testable import ImgbasedHost

@Suite struct BaseVerifierTests {
    /// lvchange fails if the base is open.
    @Test func whatWasFoundIsToldThoughTheBaseStaysActive() {
        let failure = HostFailure.tool(
            Command(.lvchange, ["--activate", "n", "HostVG/Base-0"]), status: "ended with status 5",
            message: "in use")
        let end = "stays active: '/usr/sbin/lvchange --activate n HostVG/Base-0' ended with status 5: in use"
        #expect(BaseVerifier.Verdict.changed("why").after(failure) == .changed("why; and it \(end)"))
        #expect(BaseVerifier.Verdict.unreadable("why").after(failure) == .unreadable("why; and it \(end)"))
        #expect(BaseVerifier.Verdict.unchanged.after(failure) == .unreadable("it is unchanged, but \(end)"))
    }

    @Test(
        .enabled(if: HostSystem.isRoot && HostSystem.exists("/usr/sbin/lvs"), "lvm2 tells only root"))
    func nothingIsNoProof() throws {
        let scratch = try Scratch()
        let tests = try #require(HostSystem.resolved("/proc/self/exe"))
        let program = URL(filePath: tests).deletingLastPathComponent().path + "/imgbase"
        for options in ["", "--json", "Base-0"] {
            let command = "'\(program)' base --verify \(options) --vg imgbased-test-none"
            let said = try scratch.shell("\(command) 2>&1 && status=0 || status=$?; echo $status")
            #expect(said.hasSuffix("\n1") && said.contains("there is no volume group 'imgbased-test-none'"))
        }
    }
}

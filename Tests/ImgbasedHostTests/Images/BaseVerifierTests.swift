import ImgbasedCore
import Testing

@testable import ImgbasedHost

@Suite struct BaseVerifierTests {
    /// lvchange fails where somebody has the base open.
    @Test func whatWasFoundIsToldThoughTheBaseStaysActive() {
        let failure = HostFailure.tool(
            Command(.lvchange, ["--activate", "n", "HostVG/Base-0"]), status: "ended with status 5",
            message: "in use")
        let end = "stays active: '/usr/sbin/lvchange --activate n HostVG/Base-0' ended with status 5: in use"
        #expect(BaseVerifier.Verdict.changed("why").after(failure) == .changed("why; and it \(end)"))
        #expect(BaseVerifier.Verdict.unreadable("why").after(failure) == .unreadable("why; and it \(end)"))
        #expect(BaseVerifier.Verdict.unchanged.after(failure) == .unreadable("it is unchanged, but \(end)"))
    }
}

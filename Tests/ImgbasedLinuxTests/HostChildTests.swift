import ImgbasedLinux
import Testing

/// Tools that run beside this program.
@Suite struct HostChildTests {
    @Test(.timeLimit(.minutes(1))) func nobodyHasToWaitForTheEnd() throws {
        let child = try HostChild("/usr/bin/sleep", ["1000"], environment: [])
        var asked = 0
        let end = try child.wait(every: 10) {
            asked += 1
            return asked < 3
        }
        #expect(end == nil && asked == 3)
    }
}

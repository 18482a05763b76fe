import ImgbasedHostLinux
import ImgbasedLinux
import Testing

/// Tools that run beside this program.
@Suite struct HostChildTests {
    /// Exits with the signal that the kernel sends if the starting thread ends, by PR_GET_PDEATHSIG.
    private static let script = """
        import ctypes, sys, time
        signal = ctypes.c_int()
        ctypes.CDLL(None).prctl(2, ctypes.byref(signal))
        time.sleep(float(sys.argv[1]))
        sys.exit(signal.value)
        """

    private static func child(waiting seconds: String) throws(SystemError) -> HostChild {
        try HostChild(
            "/usr/bin/python3", ["-c", script, seconds], environment: ["PATH=/usr/bin", "LC_ALL=C"])
    }

    @Test func aToolEndsWithThisProgram() throws {
        #expect(try HostChildTests.child(waiting: "0").wait()?.status == 9)
    }

    private final class Place: @unchecked Sendable {
        var child: HostChild?
    }

    @Test func aToolOutlivesTheThreadThatStartedIt() throws {
        let place = Place()
        try HostThread { place.child = try? HostChildTests.child(waiting: "0.5") }.join()
        #expect(try #require(place.child).wait()?.status == 9)
    }

    @Test(.timeLimit(.minutes(5))) func nobodyHasToWaitForTheEnd() throws {
        let child = try HostChild("/usr/bin/sleep", ["1000"], environment: [])
        var asked = 0
        let end = try child.wait(every: 10) {
            asked += 1
            return asked < 3
        }
        #expect(end == nil && asked == 3)
    }

    @Test func whatIsNotThereIsTold() {
        let error = #expect(throws: SystemError.self) { try HostChild("/no/tool", [], environment: []) }
        #expect(error?.reason.contains("No such file") == true)
    }
}

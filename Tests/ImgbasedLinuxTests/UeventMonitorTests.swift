import ImgbasedHostLinux
import ImgbasedLinux
import Testing

@Suite struct UeventMonitorTests {
    @Test func waitingEndsAtTheDeadline() throws {
        let monitor = try UeventMonitor()
        let start = Monotonic.now()
        // The deadline uses the monitor's own clock: an event of this machine would only end the wait sooner.
        _ = try monitor.next(until: start)
        #expect(Monotonic.now().milliseconds(since: start) < 1000)
    }
}

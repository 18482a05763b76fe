import ImgbasedHostLinux
import ImgbasedLinux
import Testing

@Suite struct UeventMonitorTests {
    @Test func waitingEndsAtTheDeadline() throws {
        let monitor = try UeventMonitor()
        let start = Monotonic.now()
        // The clock of the deadline is the monitor's own: an event of this machine would only end it sooner.
        _ = try monitor.next(until: start)
        #expect(Monotonic.now().milliseconds(since: start) < 1000)
    }
}

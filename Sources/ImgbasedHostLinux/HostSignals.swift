import CLinux
import Glibc
import ImgbasedLinux
import Synchronization

/// What a signal to end does: it ends the program at once, as ever; but while something is held that is to be undone first, it
/// is kept in mind until whoever holds it asks. A second one ends the program all the same.
public enum HostSignals {
    private static let isHeld = Atomic<Bool>(false)
    private static let kept = Atomic<Int32>(0)
    /// The ends of a pipe that has something in it once a signal is kept.
    private static let reader = Atomic<CInt>(-1)
    private static let writer = Atomic<CInt>(-1)

    /// The signal that came while something was held; `nil` where none did.
    public static var received: Int32? {
        let signal = kept.load(ordering: .acquiring)
        return signal == 0 ? nil : signal
    }

    /// From here on, there is something to be undone before the program ends.
    public static func hold() {
        isHeld.store(true, ordering: .releasing)
    }

    /// Waits until `descriptor` has something to be read, or its end, or a signal is kept.
    ///
    /// The corresponding C function is `poll`.
    public static func wait(for descriptor: CInt) {
        var waited = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: reader.load(ordering: .acquiring), events: Int16(POLLIN), revents: 0),
        ]
        while poll(&waited, nfds_t(waited.count), -1) < 0, errno == EINTR {}
    }

    /// Watches for the signals by which people, terminals and service managers end programs; those that are ignored, as nohup(1)
    /// has them, stay so. That nobody reads what is written any more ends nothing: what was begun is to be finished or
    /// undone all the same. Tools that are run get none of it.
    ///
    /// The corresponding C functions are `sigaction` and `signal`.
    public static func watch() {
        // Nothing is made for the first time while a signal is handled.
        _ = (isHeld.load(ordering: .relaxed), kept.load(ordering: .relaxed))
        var ends: [CInt] = [-1, -1]
        if imgbased_pipe(&ends) == 0 {
            reader.store(ends[0], ordering: .releasing)
            writer.store(ends[1], ordering: .releasing)
        }
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            var old = sigaction()
            guard sigaction(number, nil, &old) == 0,
                unsafeBitCast(old.__sigaction_handler.sa_handler, to: Int.self) != HostSignals.ignored
            else { continue }
            signal(number) { number in HostSignals.handle(number) }
        }
    }

    /// `SIG_IGN`, which Swift does not import.
    private static let ignored = 1

    /// Only what may be done while a signal is handled (signal-safety(7)).
    private static func handle(_ number: Int32) {
        if isHeld.load(ordering: .acquiring), kept.exchange(number, ordering: .acquiringAndReleasing) == 0 {
            let error = errno
            var byte: UInt8 = 1
            _ = write(writer.load(ordering: .acquiring), &byte, 1)
            errno = error
            return
        }
        signal(number, SIG_DFL)
        raise(number)
    }
}

import CLinux
import Glibc
import ImgbasedLinux
import Synchronization

/// The effect of a signal to end.
///
/// The signal ends the program at once. While the program holds something to undo first, the signal is kept
/// until the holder asks for it. A second signal still ends the program.
public enum HostSignals {
    private static let isHeld = Atomic<Bool>(false)
    private static let kept = Atomic<Int32>(0)
    /// The ends of a pipe that has data once a signal is kept.
    private static let reader = Atomic<CInt>(-1)
    private static let writer = Atomic<CInt>(-1)

    /// The signal that came while something was held; `nil` if none came.
    public static var received: Int32? {
        let signal = kept.load(ordering: .acquiring)
        return signal == 0 ? nil : signal
    }

    /// From here on, the program has something to undo before it ends.
    public static func hold() {
        isHeld.store(true, ordering: .releasing)
    }

    /// Waits until `descriptor` has data or its end, or a signal is kept.
    ///
    /// The corresponding C function is `poll`.
    public static func wait(for descriptor: CInt) {
        var waited = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: reader.load(ordering: .acquiring), events: Int16(POLLIN), revents: 0),
        ]
        while poll(&waited, nfds_t(waited.count), -1) < 0, errno == EINTR {}
    }

    /// Watches for the signals by which people, terminals and service managers end programs.
    ///
    /// Ignored signals stay ignored, as nohup(1) sets them. A missing reader of the output ends nothing: the
    /// program must finish or undo its work. Tools that it runs do not inherit this.
    ///
    /// The corresponding C functions are `sigaction` and `signal`.
    public static func watch() {
        // A signal handler must not initialize these, so they are initialized here.
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

    /// Does only what a signal handler may do (signal-safety(7)).
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

import CLinux
public import ImgbasedCore

/// Waits for a child process as long as there is patience.
struct ProcessWait: ~Copyable {
    private let process: pid_t
    private let name: String
    private let descriptor: OpenFile

    /// For the child `process`, called `name` in messages.
    ///
    /// The corresponding system call is `pidfd_open`.
    init(_ process: pid_t, name: String) throws(SystemError) {
        let number = imgbased_process_descriptor(process)
        guard number >= 0 else {
            let error = SystemError.last("wait for", name)
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
            throw error
        }
        self.process = process
        self.name = name
        descriptor = OpenFile(owning: number, name: name)
    }

    /// Waits for its end, and says how it came, as waitpid(2) does; `nil` with the verdict where patience is over
    /// before: it is still to be ended. Meanwhile `read` is called when there is something at `output`.
    /// - Parameter work: What whoever is waited for has done so far.
    func status(
        _ patience: Patience, output: CInt = -1, read: () -> Bool = { false }, work: () -> UInt64
    ) throws(SystemError) -> (status: CInt?, verdict: Patience.Verdict) {
        var watch = Patience.Watch(patience, now: ProcessWait.now)
        // Often enough to see that it works, seldom enough not to matter.
        let interval = CInt(min(max(patience.idle * 100, 100), 10_000))
        var output = output
        while true {
            // A negative number is left out.
            var waited = [
                pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: output, events: Int16(POLLIN), revents: 0),
            ]
            ServiceManager.goOn(seconds: Int(interval / 1000) + 1)
            let ready = poll(&waited, 2, interval)
            if ready < 0 && imgbased_errno() != EINTR { throw .last("wait for", name) }
            if ready > 0 {
                if waited[1].revents != 0, !read() { output = -1 }
                if waited[0].revents != 0 { return (try reap(), .goesOn) }
            }
            let verdict = watch.verdict(work: work(), now: ProcessWait.now)
            if verdict != .goesOn { return (nil, verdict) }
        }
    }

    /// Ends it, and waits for that; a tool by SIGTERM first, with all of its group.
    /// - Returns: Whether it has ended: what waits for a disk in the kernel does not.
    func end(isTool: Bool) throws(SystemError) -> Bool {
        for signal in isTool ? [SIGTERM, SIGKILL] : [SIGKILL] {
            kill(isTool ? -process : process, signal)
            if try hasEnded(within: 5) {
                if isTool { kill(-process, SIGKILL) }
                _ = try reap()
                return true
            }
        }
        return false
    }

    private func hasEnded(within seconds: Int) throws(SystemError) -> Bool {
        let deadline = Monotonic.now().advanced(bySeconds: seconds)
        while true {
            let left = deadline.milliseconds(since: .now())
            guard left > 0 else { return false }
            var waited = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waited, 1, CInt(clamping: Int(left) + 1))
            if ready < 0 && imgbased_errno() != EINTR { throw .last("wait for", name) }
            if ready > 0 { return true }
        }
    }

    /// The corresponding C function is `waitpid`.
    private func reap() throws(SystemError) -> CInt {
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0 {
            guard imgbased_errno() == EINTR else { throw .last("wait for", name) }
        }
        return status
    }

    private static var now: Double { Monotonic.now().milliseconds(since: .kernelStart) }
}

extension Patience {
    /// Why somebody was not waited for any longer.
    public func reason(_ verdict: Verdict) -> String {
        verdict == .isSlow ? "it was not done after \(total) seconds" : "it did nothing for \(idle) seconds"
    }
}

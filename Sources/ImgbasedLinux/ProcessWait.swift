import CLinux
public import ImgbasedCore

/// Waits for a child process until patience is over.
struct ProcessWait: ~Copyable {
    private let process: pid_t
    private let name: String
    private let descriptor: OpenFile

    /// Prepares to wait for the child `process`, called `name` in messages.
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

    /// Waits for the end of the child, and returns its status as waitpid(2) does.
    ///
    /// If patience is over first, the status is `nil`, with the verdict; the caller must end the child.
    /// Meanwhile, each time `output` has data, this calls `read`.
    /// - Parameter work: The work that the awaited process has done so far.
    func status(
        _ patience: Patience, output: CInt = -1, read: () -> Bool = { false }, work: () -> UInt64
    ) throws(SystemError) -> (status: CInt?, verdict: Patience.Verdict) {
        var watch = Patience.Watch(patience, now: ProcessWait.now)
        // Often enough to notice work, seldom enough to cost little.
        let interval = CInt(min(max(patience.idle * 100, 100), 10_000))
        var output = output
        while true {
            // poll(2) leaves out a negative number.
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

    /// Ends the child, and waits for its end; a tool gets SIGTERM first, with all of its group.
    /// - Returns: Whether the child has ended; one that waits for a disk in the kernel does not.
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
    /// Why the wait was given up: the words for `verdict`.
    public func reason(_ verdict: Verdict) -> String {
        verdict == .isSlow ? "it was not done after \(total) seconds" : "it did nothing for \(idle) seconds"
    }
}

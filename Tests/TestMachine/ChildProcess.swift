import Foundation
import Glibc
import Synchronization

/// A program started on the build host.
final class ChildProcess {
    let pid: pid_t
    private var status: CInt?

    /// Starts `arguments[0]`, found on `PATH`, as the leader of a new process group.
    ///
    /// The child gets `descriptors` as 0, 1, 2, …, and inherits nothing else.
    init(
        _ arguments: [String], descriptors: [Descriptor], environment: [String: String] = [:]
    ) throws(MachineError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Copy all descriptors first: the first one replaces number 0, which can be the source of another.
        var copies: [Descriptor] = []
        for (number, descriptor) in descriptors.enumerated() {
            let copy = try check("fcntl", fcntl(descriptor.number, F_DUPFD_CLOEXEC, CInt(64)))
            copies.append(Descriptor(copy))
            posix_spawn_file_actions_adddup2(&actions, copy, CInt(number))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Test threads block all signals. A shell that inherits this mask waits forever.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var pid: pid_t = 0
        let result = inheritance.withLock { _ in
            posix_spawnp(&pid, arguments[0], &actions, &attributes, argv, envp)
        }
        copies.forEach { $0.close() }
        guard result == 0 else { throw .system(call: "start '\(arguments[0])'", errno: result) }
        self.pid = pid
    }

    deinit {
        kill()
    }

    /// The longest time for which a thread of the first child of `pid` waited for a processor.
    ///
    /// 0 if the kernel does not count the time. The source is `/proc/PID/task/TID/schedstat`, in nanoseconds
    /// (linux: sched-stats.rst).
    static func delay(ofChildOf pid: pid_t) -> Duration {
        func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
        guard let child = text("/proc/\(pid)/task/\(pid)/children").split(separator: " ").first else {
            return .zero
        }
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(child)/task")) ?? []
        let delays = tasks.compactMap { task in
            text("/proc/\(child)/task/\(task)/schedstat").split(separator: " ").dropFirst().first.flatMap {
                Int64($0)
            }
        }
        return .nanoseconds(delays.max() ?? 0)
    }

    /// Kills the program and its children at once.
    func kill() {
        guard status == nil else { return }
        Glibc.kill(-pid, SIGKILL)
        wait()
    }

    /// The exit status, or the negative number of the fatal signal.
    ///
    /// Waits without a limit: call this only if the program has surely ended.
    @discardableResult
    func wait() -> CInt {
        if let status { return status }
        var raw: CInt = 0
        while waitpid(pid, &raw, 0) < 0 && errno == EINTR {}
        let signal = raw & 0x7f
        let result = signal == 0 ? (raw >> 8) & 0xff : -signal
        status = result
        return result
    }
}

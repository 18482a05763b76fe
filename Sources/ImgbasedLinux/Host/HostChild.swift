import CLinux
import Glibc

/// A tool that runs beside this program, which feeds it or reads what it writes. It has the environment that every tool
/// has, and is ended when nobody waits for it any more.
public final class HostChild {
    /// How a tool ended.
    public struct End: Hashable, Sendable {
        /// Its exit status; `nil` where a signal ended it.
        public var status: Int32?
        /// The signal.
        public var signal: Int32?
        /// The last of what it wrote to standard error.
        public var message: String
    }

    private let process: pid_t
    private let path: String
    private let errors: Tail
    private let reader: HostThread
    private var end: End?

    /// Starts `path` with `arguments`. `input` and `output` are open files it gets as standard input and output; without
    /// one there is nothing to read, and what is written is dropped.
    ///
    /// The corresponding C function is `posix_spawn`.
    public init(
        _ path: String, _ arguments: [String], environment: [String], input: CInt? = nil, output: CInt? = nil
    ) throws(SystemError) {
        self.path = path
        let pipe = try HostPipe(path)
        let nothing = try OpenFile(opening: "/dev/null", O_RDWR)
        var argv = HostChild.cStrings([path] + arguments)
        var variables = HostChild.cStrings(environment)
        defer { (argv + variables).forEach { free($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input ?? nothing.number, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output ?? nothing.number, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, pipe.writer, STDERR_FILENO)
        // Whatever this thread has blocked or ignored, a tool starts as from a shell.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var process = pid_t()
        let error = posix_spawn(&process, path, &actions, &attributes, &argv, &variables)
        guard error == 0 else { throw SystemError("run", path, errno: error) }
        pipe.closeWriter()
        self.process = process
        let errors = Tail()
        self.errors = errors
        do throws(SystemError) {
            reader = try HostThread { errors.readAll(pipe) }
        } catch {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
            throw error
        }
    }

    deinit {
        guard end == nil else { return }
        kill(process, SIGKILL)
        while waitpid(process, nil, 0) < 0, errno == EINTR {}
    }

    /// Waits until it has ended, or `goesOn`, which is asked about every `interval` milliseconds meanwhile, says no: then
    /// the tool is still to be ended, and `nil` is returned.
    ///
    /// The corresponding C functions are `pidfd_open`, `poll` and `waitpid`.
    public func wait(every interval: CInt = -1, while goesOn: () -> Bool = { true }) throws(SystemError)
        -> End?
    {
        if let end { return end }
        let number = imgbased_process_descriptor(process)
        guard number >= 0 else { throw .last("wait for", path) }
        let descriptor = OpenFile(owning: number, name: path)
        var waited = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        while poll(&waited, 1, interval) <= 0 {
            guard goesOn() else { return nil }
        }
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw .last("wait for", path) }
        }
        reader.join()
        let signal = status & 0x7F
        let end = End(
            status: signal == 0 ? (status >> 8) & 0xFF : nil, signal: signal == 0 ? nil : signal,
            message: errors.text)
        self.end = end
        return end
    }

    /// Copies of `strings` and a null pointer, for the caller to free.
    private static func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        strings.map { strdup($0) } + [nil]
    }
}

/// The end of what a tool says, however much that is. Only read once its thread is joined.
private final class Tail: @unchecked Sendable {
    private var bytes: [UInt8] = []
    private static let limit = 8192

    var text: String { String(decoding: bytes, as: UTF8.self) }

    func readAll(_ pipe: HostPipe) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while let count = try? buffer.withUnsafeMutableBytes({ try pipe.readSome(into: $0) }), count > 0 {
            bytes += buffer[..<count]
            if bytes.count > 2 * Tail.limit { bytes.removeFirst(bytes.count - Tail.limit) }
        }
    }
}

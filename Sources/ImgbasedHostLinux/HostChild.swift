import CLinux
import Glibc
public import ImgbasedLinux

/// A tool that runs beside this program, which feeds it or reads its output.
///
/// The tool has the environment of every tool. It is killed when this object or this program ends.
///
/// swift-subprocess, which runs the other tools, cannot do this (1.0.2). It has no option for the signal of a
/// parent's death, which comes when the thread that started the tool ends (prctl(2), PR_SET_PDEATHSIG), and
/// does not promise that this thread stays. Its pipes are asynchronous, but images are read, hashed and fed
/// by threads that wait in read(2) and write(2).
public final class HostChild {
    /// The result of a tool.
    public struct End: Hashable, Sendable {
        /// The exit status; `nil` if a signal ended the tool.
        public var status: Int32?
        /// The signal that ended the tool; `nil` if the tool exited.
        public var signal: Int32?
        /// The end of the tool's standard error.
        public var message: String
        /// The first line with one of the searched phrases, however much followed; `nil` if no line has one.
        public var remark: String?
    }

    private let process: pid_t
    private let path: String
    private let start: Start
    private let thread: HostThread
    private var end: End?

    /// util-linux's setpriv: the kernel ends the tool together with the thread that started it.
    private static let wrapper = ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"]

    /// Starts `path` with `arguments`; the tool is killed if this program ends first.
    ///
    /// The open files `input` and `output` become its standard input and output. Without them, the tool has
    /// nothing to read, and its output is dropped. `phrases` are searched for in its standard error, and in
    /// its standard output if it `saysAll`.
    public init(
        _ path: String, _ arguments: [String], environment: [String], input: CInt? = nil,
        output: CInt? = nil, noting phrases: [String] = [], saysAll: Bool = false
    ) throws(SystemError) {
        self.path = path
        // setpriv reports a file that it cannot run only in its own words.
        guard access(path, X_OK) == 0 else { throw .last("run", path) }
        let pipe = try HostPipe(path)
        let nothing = try OpenFile(opening: "/dev/null", O_RDWR)
        let start = Start(
            HostChild.wrapper + [path] + arguments, environment,
            (input ?? nothing.number, saysAll ? pipe.writer : output ?? nothing.number), pipe,
            Tail(noting: phrases))
        self.start = start
        // This thread lives as long as the tool. Other threads end when they are idle.
        thread = try HostThread { start.run() }
        guard let process = start.process.receive() else {
            throw SystemError("run", HostChild.wrapper[0], errno: start.error)
        }
        self.process = process
    }

    deinit {
        guard end == nil else { return }
        kill(process, SIGKILL)
        // A tool that waits for a disk in the kernel does not end; this program does not wait for it.
        let deadline = Monotonic.now().advanced(bySeconds: HostChild.timeToEnd)
        let number = imgbased_process_descriptor(process)
        guard number >= 0 else { return }
        let descriptor = OpenFile(owning: number, name: path)
        var waited = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        while poll(&waited, 1, 100) <= 0 {
            if Monotonic.now() >= deadline { return }
        }
        while waitpid(process, nil, 0) < 0, errno == EINTR {}
    }

    /// Seconds to wait for a killed tool.
    private static let timeToEnd = 10

    /// A figure that changes if the tool uses processor time, reads or writes.
    public var work: UInt64 { ProcessWork.count(of: Int(process)) }

    /// Waits until the tool has ended; `nil` if `goesOn` says no before.
    ///
    /// `goesOn` is called about every `interval` milliseconds. After `nil`, the caller must still end the
    /// tool.
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
        thread.join()
        let signal = status & 0x7F
        let end = End(
            status: signal == 0 ? (status >> 8) & 0xFF : nil, signal: signal == 0 ? nil : signal,
            message: start.errors.text, remark: start.errors.remark)
        self.end = end
        return end
    }
}

/// Starts a tool, and stays until the tool has ended.
private final class Start: @unchecked Sendable {
    /// Receives the process of the tool; receives nothing if the tool cannot start, because of `error`.
    let process = HostQueue<pid_t>()
    private(set) var error: CInt = 0
    /// The output of the tool; read it only after the thread is joined.
    let errors: Tail
    private let words: [String]
    private let environment: [String]
    private let files: (input: CInt, output: CInt)
    private let pipe: HostPipe

    init(
        _ words: [String], _ environment: [String], _ files: (input: CInt, output: CInt), _ pipe: HostPipe,
        _ errors: Tail
    ) {
        self.errors = errors
        self.words = words
        self.environment = environment
        self.files = files
        self.pipe = pipe
    }

    func run() {
        let process = spawn()
        pipe.closeWriter()
        if let process { self.process.send(process) }
        self.process.close()
        guard let process else { return }
        errors.readAll(pipe)
        // The tool may have closed its standard error early. The caller waits for its end again.
        var facts = siginfo_t()
        while waitid(P_PID, id_t(process), &facts, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    }

    /// The corresponding C function is `posix_spawn`.
    private func spawn() -> pid_t? {
        var argv = Start.cStrings(words)
        var variables = Start.cStrings(environment)
        defer { (argv + variables).forEach { free($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, files.input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, files.output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, pipe.writer, STDERR_FILENO)
        // A tool starts as from a shell: it inherits no blocked or ignored signal of this thread.
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
        error = posix_spawn(&process, words[0], &actions, &attributes, &argv, &variables)
        return error == 0 ? process : nil
    }

    /// Copies of `strings` and a null pointer; the caller frees them.
    private static func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        strings.map { strdup($0) } + [nil]
    }
}

/// The end of a tool's output of any length; read it only after its thread is joined.
private final class Tail: @unchecked Sendable {
    /// The first line that has one of the phrases.
    private(set) var remark: String?
    private var bytes: [UInt8] = []
    private var line: [UInt8] = []
    private let phrases: [String]
    private static let limit = 8192

    init(noting phrases: [String]) { self.phrases = phrases }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    func readAll(_ pipe: HostPipe) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while let count = try? buffer.withUnsafeMutableBytes({ try pipe.readSome(into: $0) }), count > 0 {
            bytes += buffer[..<count]
            if bytes.count > 2 * Tail.limit { bytes.removeFirst(bytes.count - Tail.limit) }
            look(at: buffer[..<count])
        }
        endLine()
    }

    private func look(at piece: ArraySlice<UInt8>) {
        if phrases.isEmpty || remark != nil { return }
        var rest = piece
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line += rest[..<end].prefix(max(0, Tail.limit - line.count))
            endLine()
            rest = rest[(end + 1)...]
        }
        line += rest.prefix(max(0, Tail.limit - line.count))
    }

    private func endLine() {
        let text = String(decoding: line, as: UTF8.self)
        line.removeAll(keepingCapacity: true)
        if remark == nil, phrases.contains(where: { text.contains($0) }) { remark = text }
    }
}

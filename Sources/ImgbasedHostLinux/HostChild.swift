import CLinux
import Glibc
public import ImgbasedLinux

/// A tool that runs beside this program, which feeds it or reads its output. It has the environment of every
/// tool, and is killed when this object or this program ends.
///
/// swift-subprocess, which runs the other tools, cannot do this (1.0.2): it has no option for the signal of a
/// parent's death, which comes when the thread ends that started the tool (prctl(2), PR_SET_PDEATHSIG), and
/// it does not promise that this thread stays; its pipes are asynchronous, and images are read, hashed and
/// fed by threads that wait in read(2) and write(2).
public final class HostChild {
    /// How a tool ended.
    public struct End: Hashable, Sendable {
        /// Its exit status; `nil` where a signal ended it.
        public var status: Int32?
        /// The signal.
        public var signal: Int32?
        /// The last of what it wrote to standard error.
        public var message: String
        /// The first line of that in which there was one of the phrases that were looked for, however much followed.
        public var remark: String?
    }

    private let process: pid_t
    private let path: String
    private let start: Start
    private let thread: HostThread
    private var end: End?

    /// util-linux's, which has the kernel end what it runs together with the thread that started it.
    private static let wrapper = ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"]

    /// Starts `path` with `arguments`. `input` and `output` are open files it gets as standard input and output; without
    /// one there is nothing to read, and what is written is dropped. It is killed where this program ends before it.
    /// `phrases` are looked for in what it says, to which belongs what it writes to standard output if it `saysAll`.
    public init(
        _ path: String, _ arguments: [String], environment: [String], input: CInt? = nil,
        output: CInt? = nil, noting phrases: [String] = [], saysAll: Bool = false
    ) throws(SystemError) {
        self.path = path
        // What does not run it says that only in its own words.
        guard access(path, X_OK) == 0 else { throw .last("run", path) }
        let pipe = try HostPipe(path)
        let nothing = try OpenFile(opening: "/dev/null", O_RDWR)
        let start = Start(
            HostChild.wrapper + [path] + arguments, environment,
            (input ?? nothing.number, saysAll ? pipe.writer : output ?? nothing.number), pipe,
            Tail(noting: phrases))
        self.start = start
        // A thread that is there as long as the tool: others end when there is nothing to do for them.
        thread = try HostThread { start.run() }
        guard let process = start.process.receive() else {
            throw SystemError("run", HostChild.wrapper[0], errno: start.error)
        }
        self.process = process
    }

    deinit {
        guard end == nil else { return }
        kill(process, SIGKILL)
        // Where the kernel waits for a disk, it does not end; nobody has to wait for that.
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

    /// Seconds that a tool that was killed is waited for.
    private static let timeToEnd = 10

    /// A figure that differs whenever it has done something: used processor time, read or written.
    public var work: UInt64 { ProcessWork.count(of: Int(process)) }

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
        thread.join()
        let signal = status & 0x7F
        let end = End(
            status: signal == 0 ? (status >> 8) & 0xFF : nil, signal: signal == 0 ? nil : signal,
            message: start.errors.text, remark: start.errors.remark)
        self.end = end
        return end
    }
}

/// Starts a tool, and stays until it has ended.
private final class Start: @unchecked Sendable {
    /// The tool, once it is started; nothing where it cannot be, for this error.
    let process = HostQueue<pid_t>()
    private(set) var error: CInt = 0
    /// What it says. Only read once the thread is joined.
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
        // It can have closed its standard error; whoever waits for it, waits for it again.
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
        error = posix_spawn(&process, words[0], &actions, &attributes, &argv, &variables)
        return error == 0 ? process : nil
    }

    /// Copies of `strings` and a null pointer, for the caller to free.
    private static func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        strings.map { strdup($0) } + [nil]
    }
}

/// The end of what a tool says, however much that is. Only read once its thread is joined.
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

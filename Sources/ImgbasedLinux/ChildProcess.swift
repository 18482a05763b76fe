import CLinux
public import ImgbasedCore

/// Runs a tool of the initramfs to its end.
///
/// (The host tool runs its tools with Subprocess, which is too large for the helper.)
public enum ChildProcess {
    /// The result of a tool.
    public struct Result: Hashable, Sendable {
        /// The exit status, or 128 plus the number of the signal that ended the tool.
        public var status: Int32
        /// The first 64 KiB of its standard output and standard error.
        public var output: String

        /// The last non-empty line of the output.
        public var lastLine: String {
            output.split(separator: "\n").last.map { String($0.drop { $0 == " " }) } ?? "it said nothing"
        }
    }

    private static let outputLimit = 65536

    /// Whether the file at `path` can be executed.
    ///
    /// The corresponding C function is `access`.
    public static func isExecutable(_ path: String) -> Bool {
        access(path, X_OK) == 0
    }

    /// Runs `path` with `arguments`, and waits for its end.
    ///
    /// Its environment has only `LC_ALL`, `PATH` and `variables`. When `patience` is over, this ends the tool
    /// and all processes it started.
    ///
    /// The corresponding C functions are `pipe2`, `posix_spawn` and `waitpid`.
    public static func run(
        _ path: String, _ arguments: [String], _ patience: Patience, variables: [String] = []
    ) throws(SystemError) -> Result {
        var ends: (reader: CInt, writer: CInt) = (0, 0)
        let piped = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: CInt.self, capacity: 2) { imgbased_pipe($0) }
        }
        guard piped == 0 else { throw .last("run", path) }
        let reader = OpenFile(owning: ends.reader, name: path)
        let process = try spawn(
            path, arguments, variables, output: OpenFile(owning: ends.writer, name: path))

        let child = try ProcessWait(process, name: path)
        var output: [UInt8] = []
        let end = try child.status(
            patience, output: reader.number, read: { readSome(reader.number, &output) },
            work: { ProcessWork.count(of: Int(process)) })
        guard let status = end.status else {
            let hasEnded = try child.end(isTool: true)
            throw SystemError(
                "run", path,
                reason: patience.reason(end.verdict)
                    + (hasEnded ? ", and was ended" : ", and cannot be ended: the kernel waits for a disk"))
        }
        // Processes that the tool started may keep its output open; the tool's own output is here.
        while isReadable(reader.number), readSome(reader.number, &output) {}
        let signal = status & 0x7f
        return Result(
            status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
            output: String(decoding: output, as: UTF8.self))
    }

    /// Starts the tool in a process group of its own, and closes `output`, which the tool then has.
    private static func spawn(
        _ path: String, _ arguments: [String], _ variables: [String], output: consuming OpenFile
    ) throws(SystemError) -> pid_t {
        var argv = cStrings([path] + arguments)
        var environment = cStrings(["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"] + variables)
        defer { (argv + environment).forEach { free($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The terminal would stop a background group that reads from it.
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.number, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output.number, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        // The tool must receive the signals that end it, even if they are blocked here.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))

        var process = pid_t()
        let error = posix_spawn(&process, path, &actions, &attributes, &argv, &environment)
        guard error == 0 else { throw SystemError("run", path, errno: error) }
        return process
    }

    private static func isReadable(_ descriptor: CInt) -> Bool {
        var waited = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&waited, 1, 0) > 0
    }

    /// Reads available output, and returns whether more may come; bytes beyond the limit are dropped.
    private static func readSome(_ descriptor: CInt, _ bytes: inout [UInt8]) -> Bool {
        var count = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, initialized in
            count = read(descriptor, buffer.baseAddress, buffer.count)
            initialized = max(0, count)
        }
        bytes += chunk.prefix(outputLimit - bytes.count)
        return count > 0 || (count < 0 && imgbased_errno() == EINTR)
    }

    /// Copies of `strings` and a null pointer; the caller frees them.
    private static func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        strings.map { strdup($0) } + [nil]
    }
}

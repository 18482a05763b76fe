import CLinux
public import ImgbasedCore

/// A tool of the initramfs, run to its end. (The host tool runs its tools with Subprocess, which the helper leaves
/// out for its size.)
public enum ChildProcess {
    /// How it ended.
    public struct Result: Hashable, Sendable {
        /// Its exit status, or 128 and the number of the signal that ended it.
        public var status: Int32
        /// What it wrote to standard output and standard error, up to 64 KiB of it.
        public var output: String

        /// The last line of it that says something.
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

    /// Runs `path` with `arguments` and nothing in its environment but `LC_ALL`, `PATH` and `variables`, and waits for it
    /// as long as there is `patience`; then it is ended, with all that it has started.
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
        // What it has started may have its output open still; what came of itself is there.
        while isReadable(reader.number), readSome(reader.number, &output) {}
        let signal = status & 0x7f
        return Result(
            status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
            output: String(decoding: output, as: UTF8.self))
    }

    /// Starts it in a process group of its own, and closes `output`, which it has then.
    private static func spawn(
        _ path: String, _ arguments: [String], _ variables: [String], output: consuming OpenFile
    ) throws(SystemError) -> pid_t {
        var argv = cStrings([path] + arguments)
        var environment = cStrings(["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"] + variables)
        defer { (argv + environment).forEach { free($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // A group in the background that reads from a terminal would be stopped.
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.number, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output.number, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        // Whatever is blocked here, it is to hear when it has to end.
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

    /// Reads what is there, and returns whether there may be more; what is beyond the limit is dropped.
    private static func readSome(_ descriptor: CInt, _ bytes: inout [UInt8]) -> Bool {
        var count = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, initialized in
            count = read(descriptor, buffer.baseAddress, buffer.count)
            initialized = max(0, count)
        }
        bytes += chunk.prefix(outputLimit - bytes.count)
        return count > 0 || (count < 0 && imgbased_errno() == EINTR)
    }

    /// Copies of `strings` and a null pointer, for the caller to free.
    private static func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        strings.map { strdup($0) } + [nil]
    }
}

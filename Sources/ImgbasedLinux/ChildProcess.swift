import CLinux

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

    /// Runs `path` with `arguments` and nothing in its environment but `LC_ALL` and `PATH`, and waits for it.
    ///
    /// The corresponding C functions are `pipe`, `posix_spawn` and `waitpid`.
    public static func run(_ path: String, _ arguments: [String]) throws(SystemError) -> Result {
        var ends: (reader: CInt, writer: CInt) = (0, 0)
        let piped = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: CInt.self, capacity: 2) { pipe($0) }
        }
        guard piped == 0 else { throw .last("run", path) }
        let process: pid_t
        do throws(SystemError) {
            process = try spawn(path, arguments, output: ends.writer, closing: ends.reader)
        } catch {
            close(ends.reader)
            close(ends.writer)
            throw error
        }
        close(ends.writer)
        let output = readAll(ends.reader)
        close(ends.reader)

        var status: CInt = 0
        while waitpid(process, &status, 0) < 0 {
            guard imgbased_errno() == EINTR else { throw .last("wait for", path) }
        }
        let signal = status & 0x7f
        return Result(status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, output: output)
    }

    private static func spawn(
        _ path: String, _ arguments: [String], output: CInt, closing other: CInt
    ) throws(SystemError)
        -> pid_t
    {
        var argv = cStrings([path] + arguments)
        var environment = cStrings(["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        defer { (argv + environment).forEach { free($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        posix_spawn_file_actions_addclose(&actions, output)
        posix_spawn_file_actions_addclose(&actions, other)

        var process = pid_t()
        let error = posix_spawn(&process, path, &actions, nil, &argv, &environment)
        guard error == 0 else { throw SystemError("run", path, errno: error) }
        return process
    }

    /// Everything that comes from `descriptor` until its end; what is beyond the limit is read and dropped.
    private static func readAll(_ descriptor: CInt) -> String {
        var bytes: [UInt8] = []
        while true {
            var count = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, initialized in
                count = read(descriptor, buffer.baseAddress, buffer.count)
                initialized = max(0, count)
            }
            if count < 0 && imgbased_errno() == EINTR { continue }
            if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk.prefix(outputLimit - bytes.count)
        }
    }

    /// Copies of `strings` and a null pointer, for the caller to free.
    private static func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        strings.map { strdup($0) } + [nil]
    }
}

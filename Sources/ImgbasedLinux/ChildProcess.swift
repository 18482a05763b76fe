import Glibc

/// A tool of the initramfs, run to its end. (The host tool runs its tools with Subprocess, which the helper leaves
/// out for its size.)
public enum ChildProcess {
    /// Whether the file at `path` can be executed.
    ///
    /// The corresponding C function is `access`.
    public static func isExecutable(_ path: String) -> Bool {
        access(path, X_OK) == 0
    }

    /// Runs `path` with `arguments` and nothing in its environment but `LC_ALL` and `PATH`, and waits for it.
    /// - Returns: its exit status, or 128 and the number of the signal that ended it.
    ///
    /// The corresponding C functions are `posix_spawn` and `waitpid`.
    public static func run(_ path: String, _ arguments: [String]) throws(SystemError) -> Int32 {
        var argv = cStrings([path] + arguments)
        var environment = cStrings(["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        defer { (argv + environment).forEach { free($0) } }

        var process = pid_t()
        let error = posix_spawn(&process, path, nil, nil, &argv, &environment)
        guard error == 0 else {
            errno = error
            throw .last("run", path)
        }
        var status: CInt = 0
        while waitpid(process, &status, 0) < 0 {
            guard currentErrno() == EINTR else { throw .last("wait for", path) }
        }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    /// Copies of `strings` and a null pointer, for the caller to free.
    private static func cStrings(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        strings.map { strdup($0) } + [nil]
    }
}

import Glibc

/// Standard error, to which nothing but messages for people goes.
enum Terminal {
    static func error(_ line: String) {
        // What was printed before comes before, whoever reads both.
        fflush(nil)
        let bytes = Array((line + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

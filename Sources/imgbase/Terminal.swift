import CLinux
import Glibc
import ImgbasedCore
import ImgbasedHostCore

/// Standard error, to which nothing but messages for people goes.
enum Terminal {
    /// Writes `line` in place of the one that was written so before, cut to the terminal's width.
    static func rewrite(_ line: String) {
        var size = winsize()
        let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1
        let bytes = Array("\r\u{1B}[K\(line.prefix(isKnown ? Int(size.ws_col) - 1 : 79))".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    /// Writes one line, whatever is in it.
    static func error(_ line: String) {
        // What was printed before comes before, whoever reads both.
        fflush(nil)
        let bytes = Array((line.withEscapedControls + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

import CLinux
import Glibc
import ImgbasedCore
import ImgbasedHostCore

/// The terminal of the user. Standard error has only messages for users.
enum Terminal {
    /// Whether standard error is a terminal.
    ///
    /// The corresponding C function is `isatty`.
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// The abilities of the terminal on standard output; `nil` if standard output is no terminal.
    ///
    /// The corresponding C functions are `isatty`, `ioctl` with `TIOCGWINSZ`, and `getenv`.
    static var output: LayoutPicture.Style? {
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1
        return LayoutPicture.Style(width: isKnown ? Int(size.ws_col) : 80) { name in
            getenv(name).map { String(cString: $0) }
        }
    }

    /// Replaces the line written last by `line`, cut to the width of the terminal.
    static func rewrite(_ line: String) {
        var size = winsize()
        let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1
        let bytes = Array("\r\u{1B}[K\(line.prefix(isKnown ? Int(size.ws_col) - 1 : 79))".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    /// Writes a text as one line.
    static func error(_ line: String) {
        // Output printed before must come before, for a reader of both.
        fflush(nil)
        let bytes = Array((line.withEscapedControls + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}

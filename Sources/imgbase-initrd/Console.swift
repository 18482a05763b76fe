import CLinux
import ImgbasedCore

/// Writes `line` to standard output.
func say(_ line: String) {
    put(line, to: STDOUT_FILENO)
}

/// Writes `line` to standard error after the program's name.
func complain(_ line: String) {
    put("imgbase-initrd: " + line.asMessageLine, to: STDERR_FILENO)
}

/// Writes once, so that lines of other programs cannot interleave; a closed descriptor is ignored.
private func put(_ line: String, to descriptor: CInt) {
    let text = line + "\n"
    _ = text.withCString { write(descriptor, $0, text.utf8.count) }
}

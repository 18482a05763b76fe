import CLinux
import Glibc
import ImgbasedLinux

/// Standard input, output and error of this program.
public enum HostStandardFiles {
    /// Takes the numbers of those that whoever started the program has closed: the next file to be opened, of a volume perhaps,
    /// would have one of them, and get what is printed. Reading and writing them fails as if they were closed still.
    ///
    /// The corresponding C functions are `fcntl` of `F_GETFD`, and `open`.
    public static func take() {
        // The lowest number that is free is the one that is given out.
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
            _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes what was printed and is not written yet.
    ///
    /// The corresponding C functions are `fflush` and `ferror`.
    ///
    /// - Returns: Why not all of what was ever printed could be written, if so. That nobody wants to read it is no reason.
    public static func flush() -> String? {
        let error = imgbased_flush_output()
        return error == 0 || error == EPIPE ? nil : String(cString: strerror(error))
    }
}

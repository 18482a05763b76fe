import CLinux
import Glibc
import ImgbasedLinux

/// Standard input, output and error of this program.
public enum HostStandardFiles {
    /// Takes the numbers of the standard files that the caller of this program has closed.
    ///
    /// Otherwise, the next file opened, perhaps a volume, would get such a number and receive printed text.
    /// Reads and writes fail as if the files were still closed.
    ///
    /// The corresponding C functions are `fcntl` of `F_GETFD`, and `open`.
    public static func take() {
        // open(2) gives out the lowest free number.
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
            _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes printed text that is not written yet.
    ///
    /// The corresponding C functions are `fflush` and `ferror`.
    ///
    /// - Returns: Why some text printed so far could not be written; `nil` if all was. A missing reader is no
    ///   reason.
    public static func flush() -> String? {
        let error = imgbased_flush_output()
        return error == 0 || error == EPIPE ? nil : String(cString: strerror(error))
    }
}

import CSystemd
import Glibc
public import ImgbasedLinux

/// The journal of the booted system.
public enum HostJournal {
    /// Sends an entry with `fields`, each `NAME=value`, to the journal. Does nothing without a journal.
    ///
    /// The corresponding C function is `sd_journal_sendv`. It returns 0 if the journal has no socket.
    public static func send(_ fields: [String]) throws(SystemError) {
        var bytes = fields.flatMap(\.utf8)
        let result = bytes.withUnsafeMutableBytes { bytes in
            var start = 0
            let vector = fields.map { field in
                defer { start += field.utf8.count }
                return iovec(iov_base: bytes.baseAddress.map { $0 + start }, iov_len: field.utf8.count)
            }
            return sd_journal_sendv(vector, CInt(vector.count))
        }
        // A journal that has ended leaves its socket behind, without a reader.
        guard result >= 0 || result == -ECONNREFUSED else {
            throw SystemError("write to", "journal", errno: -result)
        }
    }
}

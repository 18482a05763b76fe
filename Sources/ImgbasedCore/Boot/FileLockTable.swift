/// The file locks and their holders, from `/proc/locks` (proc(5)).
public struct FileLockTable: Hashable, Sendable {
    private struct Lock: Hashable {
        var process: Int
        var file: String
    }

    private let locks: [Lock]

    /// Reads `text`; a process that only waits for a lock is not a holder.
    public init(_ text: String) {
        locks = text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 6, words[1] == "FLOCK", let process = Int(words[4]) else { return nil }
            return Lock(process: process, file: words[5])
        }
    }

    /// The process with a flock(2) lock on `inode` of the file system on this device; `nil` if none has one.
    public func holder(major: UInt64, minor: UInt64, inode: UInt64) -> Int? {
        let file = "\(FileLockTable.hexadecimal(major)):\(FileLockTable.hexadecimal(minor)):\(inode)"
        return locks.first { $0.file == file }?.process
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return digits.utf8.count < 2 ? "0" + digits : digits
    }
}

import Glibc
import ImgbasedLinux

extension OpenFile {
    /// `SEEK_DATA`, which Glibc's module hides.
    static let toData: CInt = 3
    /// `SEEK_HOLE`, which Glibc's module hides.
    static let toHole: CInt = 4
    /// How much is read at a time.
    static let piece = 256 << 10

    /// Whether both have the same bytes. Where both have holes, nothing is read.
    ///
    /// The corresponding C functions are `lseek` and `pread`.
    func hasSameContent(as other: borrowing OpenFile) throws(SystemError) -> Bool {
        let size = try status().size
        guard try other.status().size == size else { return false }
        let length = Int(min(size, UInt64(OpenFile.piece)))
        let ours = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 16)
        let theirs = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 16)
        defer {
            ours.deallocate()
            theirs.deallocate()
        }
        var offset = 0
        while offset < Int(size) {
            // Small files are read faster than asked for holes.
            if size > OpenFile.piece {
                offset = min(data(from: offset), other.data(from: offset))
                if offset >= Int(size) { break }
            }
            let count = min(length, Int(size) - offset)
            let read = try self.read(
                into: UnsafeMutableRawBufferPointer(rebasing: ours[..<count]), at: offset)
            guard
                try other.read(into: UnsafeMutableRawBufferPointer(rebasing: theirs[..<count]), at: offset)
                    == read,
                let a = ours.baseAddress, let b = theirs.baseAddress, memcmp(a, b, read) == 0
            else { return false }
            guard read == count else { return true }
            offset += count
        }
        return true
    }

    /// Where the next data begins at or after `offset`; beyond every file where there is none.
    func data(from offset: Int) -> Int {
        let place = lseek(number, off_t(offset), OpenFile.toData)
        // A file system that knows no holes says so: all of it is data.
        return place >= 0 ? Int(place) : errno == ENXIO ? Int.max : offset
    }

    /// Where the data at `offset` ends.
    func hole(from offset: Int, size: Int) -> Int {
        let place = lseek(number, off_t(offset), OpenFile.toHole)
        return place >= 0 ? Int(place) : size
    }
}

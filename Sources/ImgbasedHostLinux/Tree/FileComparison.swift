import Glibc
import ImgbasedLinux

extension OpenFile {
    /// `SEEK_DATA`, which Glibc's module hides.
    static let toData: CInt = 3
    /// `SEEK_HOLE`, which Glibc's module hides.
    static let toHole: CInt = 4
    /// The most bytes to read at a time.
    static let piece = 256 << 10

    /// Whether both files have the same bytes. Holes that both files have are not read.
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
            // Reading a small file is faster than searching it for holes.
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

    /// The position of the first data at or after `offset`; `Int.max` if there are none.
    func data(from offset: Int) -> Int {
        let place = lseek(number, off_t(offset), OpenFile.toData)
        // Any other error comes from a file system without holes: all is data.
        return place >= 0 ? Int(place) : errno == ENXIO ? Int.max : offset
    }

    /// The end of the data at `offset`; `size` if unknown.
    func hole(from offset: Int, size: Int) -> Int {
        let place = lseek(number, off_t(offset), OpenFile.toHole)
        return place >= 0 ? Int(place) : size
    }
}

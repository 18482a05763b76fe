import CLinux
import Glibc
import ImgbasedLinux

extension OpenFile {
    /// Copies all of `source` into this new, empty file, and keeps its holes.
    ///
    /// The corresponding C functions are `lseek`, `copy_file_range`, `pread`, `pwrite` and `ftruncate`.
    func copyContent(of source: borrowing OpenFile) throws(SystemError) {
        let status = try source.status()
        let size = Int(status.size)
        var buffer = CopyBuffer()
        if size <= OpenFile.piece, status.allocated >= status.size {
            return try copyPiece(of: source, at: 0, count: size, &buffer)
        }
        var offset = source.data(from: 0)
        while offset < size {
            let end = min(size, source.hole(from: offset, size: size))
            try copyRange(of: source, from: offset, to: max(end, offset + 1), &buffer)
            offset = source.data(from: max(end, offset + 1))
        }
        guard ftruncate(number, off_t(size)) == 0 else { throw .last("write", name) }
    }

    /// Copies a range of data. Within one file system, the kernel may let both files share the data.
    private func copyRange(
        of source: borrowing OpenFile, from start: Int, to end: Int, _ buffer: inout CopyBuffer
    ) throws(SystemError) {
        var from = Int64(start)
        var to = Int64(start)
        while from < Int64(end) {
            let count = imgbased_copy_range(source.number, &from, number, &to, end - Int(from))
            if count < 0, errno == EINTR { continue }
            // The source has shrunk: all remaining bytes are copied.
            if count == 0 { return }
            guard count < 0 else { continue }
            guard [EXDEV, EINVAL, ENOSYS, EOPNOTSUPP].contains(errno) else { throw .last("write", name) }
            while from < Int64(end) {
                let piece = min(OpenFile.piece, end - Int(from))
                try copyPiece(of: source, at: Int(from), count: piece, &buffer)
                from += Int64(piece)
            }
            return
        }
    }

    private func copyPiece(
        of source: borrowing OpenFile, at offset: Int, count: Int, _ buffer: inout CopyBuffer
    ) throws(SystemError) {
        guard count > 0 else { return }
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes(count)[..<count])
        let read = try source.read(into: piece, at: offset)
        try write(UnsafeRawBufferPointer(rebasing: piece[..<read]), at: UInt64(offset))
    }
}

/// Memory for a piece of a file, allocated on first use.
private struct CopyBuffer: ~Copyable {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    mutating func bytes(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if memory.count < count {
            memory.deallocate()
            memory = .allocate(byteCount: count, alignment: 16)
        }
        return memory
    }

    deinit {
        memory.deallocate()
    }
}

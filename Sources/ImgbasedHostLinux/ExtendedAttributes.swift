import CLinux
import Glibc
import ImgbasedLinux

/// The extended attributes of one file, xattr(7); no other code reads or writes them.
struct ExtendedAttributes {
    /// Attributes that the kernel computes for a file and refuses to be given.
    private static let computed: Set<[UInt8]> = [Array("security.ima".utf8), Array("security.evm".utf8)]
    /// The number of times an attribute may grow while it is read.
    private static let tries = 10

    /// How system calls name the file.
    private enum Place {
        case open(CInt)
        /// A path; a link there is not followed.
        case path([CChar])
    }

    private let place: Place
    private let shown: String

    /// The attributes of the open `file`, which must stay open.
    init(of file: borrowing OpenFile) {
        place = .open(file.number)
        shown = file.name
    }

    /// The attributes of the file or link at `path`, a zero-terminated string.
    init(path: [CChar], shown: String) {
        place = .path(path)
        self.shown = shown
    }

    /// All names with their values; none if the file system has no extended attributes.
    ///
    /// The corresponding C functions are `flistxattr` and `fgetxattr`, or `llistxattr` and `lgetxattr`.
    func values() throws(SystemError) -> [[UInt8]: [UInt8]] {
        let names = try read { buffer, size in
            let names = buffer?.assumingMemoryBound(to: CChar.self)
            let count =
                switch place {
                case .open(let number): flistxattr(number, names, size)
                case .path(let path): llistxattr(path, names, size)
                }
            return count < 0 && errno == ENOTSUP ? 0 : count
        }
        var values: [[UInt8]: [UInt8]] = [:]
        for key in (names ?? []).split(separator: 0).map(Array.init)
        where !ExtendedAttributes.computed.contains(key) {
            let name = key.terminated
            values[key] = try read { buffer, size in
                switch place {
                case .open(let number): fgetxattr(number, name, buffer, size)
                case .path(let path): lgetxattr(path, name, buffer, size)
                }
            }
        }
        return values
    }

    /// Returns the bytes that `call` puts into a buffer; `nil` if the attribute is gone.
    ///
    /// Without a buffer, `call` returns their number. An attribute that grew meanwhile is read again.
    private func read(
        _ call: (UnsafeMutableRawPointer?, Int) -> Int
    ) throws(SystemError) -> [UInt8]? {
        for _ in 0..<ExtendedAttributes.tries {
            let size = call(nil, 0)
            if size == 0 { return [] }
            var bytes = [UInt8](repeating: 0, count: max(size, 0))
            let count = size < 0 ? size : call(&bytes, size)
            if count >= 0 { return Array(bytes.prefix(count)) }
            if errno == ENODATA { return nil }
            guard errno == ERANGE else { break }
        }
        throw .last("read the attributes of", shown)
    }

    /// Sets one attribute.
    ///
    /// The corresponding C function is `fsetxattr` or `lsetxattr`.
    func set(_ value: [UInt8], for key: [UInt8]) throws(SystemError) {
        let result =
            switch place {
            case .open(let number): fsetxattr(number, key.terminated, value, value.count, 0)
            case .path(let path): lsetxattr(path, key.terminated, value, value.count, 0)
            }
        guard result == 0 else {
            throw .last("set the attribute \(String(decoding: key, as: UTF8.self)) of", shown)
        }
    }

    /// Sets the attributes to those of `wanted`, and removes all others.
    ///
    /// The corresponding C functions are those above, and `fremovexattr` or `lremovexattr`.
    func replace(by wanted: [[UInt8]: [UInt8]]) throws(SystemError) {
        let present = try values()
        guard present != wanted else { return }
        for key in present.keys where wanted[key] == nil {
            let result =
                switch place {
                case .open(let number): fremovexattr(number, key.terminated)
                case .path(let path): lremovexattr(path, key.terminated)
                }
            guard result == 0 || errno == ENODATA else { throw .last("remove an attribute of", shown) }
        }
        for (key, value) in wanted where present[key] != value { try set(value, for: key) }
    }
}

import CLinux
import Glibc
import ImgbasedLinux

extension OpenDirectory {
    /// Those the kernel computes for a file and refuses to be told.
    private static let computed: Set<[UInt8]> = [Array("security.ima".utf8), Array("security.evm".utf8)]
    /// How often an attribute may grow while it is read.
    private static let tries = 10

    /// The extended attributes of `name`, itself where it is a link; none where the file system has no such thing.
    ///
    /// The corresponding C functions are `llistxattr` and `lgetxattr`.
    func extendedAttributes(of name: [UInt8]) throws(SystemError) -> [[UInt8]: [UInt8]] {
        let path = path(of: name)
        let names = try attribute(of: name) { buffer, size in
            let count = llistxattr(path, buffer?.assumingMemoryBound(to: CChar.self), size)
            return count < 0 && errno == ENOTSUP ? 0 : count
        }
        var values: [[UInt8]: [UInt8]] = [:]
        for key in (names ?? []).split(separator: 0).map(Array.init)
        where !OpenDirectory.computed.contains(key) {
            let terminated = key.terminated
            values[key] = try attribute(of: name) { buffer, size in
                lgetxattr(path, terminated, buffer, size)
            }
        }
        return values
    }

    /// What `call` fills a buffer of so many bytes with; without one, it says how many that will be. `nil` where there is
    /// no such attribute any more; one that grew meanwhile is asked for again.
    private func attribute(
        of name: [UInt8], _ call: (UnsafeMutableRawPointer?, Int) -> Int
    ) throws(SystemError) -> [UInt8]? {
        for _ in 0..<OpenDirectory.tries {
            let size = call(nil, 0)
            if size == 0 { return [] }
            var bytes = [UInt8](repeating: 0, count: max(size, 0))
            let count = size < 0 ? size : call(&bytes, size)
            if count >= 0 { return Array(bytes.prefix(count)) }
            if errno == ENODATA { return nil }
            guard errno == ERANGE else { break }
        }
        throw .last("read the attributes of", shown(name))
    }

    /// Makes the extended attributes of `name` those: others are removed.
    ///
    /// The corresponding C functions are `lremovexattr` and `lsetxattr`.
    func setExtendedAttributes(_ wanted: [[UInt8]: [UInt8]], of name: [UInt8]) throws(SystemError) {
        let present = try extendedAttributes(of: name)
        guard present != wanted else { return }
        let path = path(of: name)
        for key in present.keys where wanted[key] == nil {
            guard lremovexattr(path, key.terminated) == 0 || errno == ENODATA else {
                throw .last("remove an attribute of", shown(name))
            }
        }
        for (key, value) in wanted where present[key] != value {
            guard lsetxattr(path, key.terminated, value, value.count, 0) == 0 else {
                let attribute = String(decoding: key, as: UTF8.self)
                throw .last("set the attribute \(attribute) of", shown(name))
            }
        }
    }
}

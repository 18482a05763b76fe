import CLinux
import Glibc

extension OpenDirectory {
    /// Those the kernel computes for a file and refuses to be told.
    private static let computed: Set<[UInt8]> = [Array("security.ima".utf8), Array("security.evm".utf8)]

    /// The extended attributes of `name`, itself where it is a link; none where the file system has no such thing.
    ///
    /// The corresponding C functions are `llistxattr` and `lgetxattr`.
    func extendedAttributes(of name: [UInt8]) throws(SystemError) -> [[UInt8]: [UInt8]] {
        let path = path(of: name)
        var size = llistxattr(path, nil, 0)
        guard size != 0, size > 0 || errno != ENOTSUP else { return [:] }
        var names: [CChar] = []
        var values: [[UInt8]: [UInt8]] = [:]
        if size > 0 {
            names = [CChar](repeating: 0, count: size)
            size = llistxattr(path, &names, names.count)
        }
        guard size >= 0 else { throw .last("read the attributes of", shown(name)) }
        for attribute in names[..<size].split(separator: 0) {
            let key = attribute.map(UInt8.init(bitPattern:))
            guard !OpenDirectory.computed.contains(key) else { continue }
            let terminated = Array(attribute) + [0]
            let length = lgetxattr(path, terminated, nil, 0)
            guard length >= 0 else { throw .last("read the attributes of", shown(name)) }
            var value = [UInt8](repeating: 0, count: length)
            let read = lgetxattr(path, terminated, &value, value.count)
            guard read >= 0 else { throw .last("read the attributes of", shown(name)) }
            values[key] = Array(value.prefix(read))
        }
        return values
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

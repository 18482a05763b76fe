import ImgbasedCore

/// Translates the ids of one tree to those of another.
public struct IdentityMap: Hashable, Sendable {
    /// The user ids that change, with their new ids.
    public var users: [UInt32: UInt32]
    /// The group ids that change, with their new ids.
    public var groups: [UInt32: UInt32]

    /// The map of these ids. Ids that stay the same are dropped.
    public init(users: [UInt32: UInt32] = [:], groups: [UInt32: UInt32] = [:]) {
        self.users = users.filter { $0.key != $0.value }
        self.groups = groups.filter { $0.key != $0.value }
    }

    /// Whether it changes nothing.
    public var isEmpty: Bool { users.isEmpty && groups.isEmpty }

    /// The attributes with translated ids, in ACLs as well.
    public func callAsFunction(_ attributes: NodeAttributes) -> NodeAttributes {
        guard !isEmpty else { return attributes }
        var result = attributes
        result.owner = users[attributes.owner] ?? attributes.owner
        result.group = groups[attributes.group] ?? attributes.group
        for name in IdentityMap.accessLists {
            if let list = attributes.extended[name] { result.extended[name] = accessList(list) }
        }
        return result
    }

    /// Whether `attributes`, already translated, may have a changed id.
    func gives(_ attributes: NodeAttributes) -> Bool {
        users.values.contains(attributes.owner) || groups.values.contains(attributes.group)
    }

    /// The extended attributes that hold ACLs.
    static let accessLists = [accessList, Array("system.posix_acl_default".utf8)]

    /// The ACL that grants access; the other is for nodes made in a directory.
    static let accessList = Array("system.posix_acl_access".utf8)

    /// Translates an ACL. One of another version stays as it is.
    ///
    /// The kernel's form is a version, then entries of a tag, permissions and an id (linux:
    /// include/uapi/linux/posix_acl_xattr.h).
    private func accessList(_ bytes: [UInt8]) -> [UInt8] {
        guard let entries = IdentityMap.entries(bytes) else { return bytes }
        var result = bytes
        for start in entries {
            let tag = UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8
            let number = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + 4 + $1]) << UInt32(8 * $1) }
            // ACL_USER and ACL_GROUP; the other tags have no id.
            guard let other = tag == 0x02 ? users[number] : tag == 0x08 ? groups[number] : nil else {
                continue
            }
            for index in 0..<4 {
                result[start + 4 + index] = UInt8(truncatingIfNeeded: other >> UInt32(8 * index))
            }
        }
        return result
    }

    /// The ACL without any right to execute; `nil` for another version.
    static func withoutExecution(_ bytes: [UInt8]) -> [UInt8]? {
        guard let entries = entries(bytes) else { return nil }
        var result = bytes
        // ACL_EXECUTE, in the permissions after the tag.
        for start in entries { result[start + 2] &= ~0x01 }
        return result
    }

    /// The offsets of the entries of an ACL; `nil` for another version.
    private static func entries(_ bytes: [UInt8]) -> StrideTo<Int>? {
        let header = 4
        let entry = 8
        guard bytes.count >= header, bytes.count % entry == header, bytes[..<header] == [2, 0, 0, 0] else {
            return nil
        }
        return stride(from: header, to: bytes.count, by: entry)
    }
}

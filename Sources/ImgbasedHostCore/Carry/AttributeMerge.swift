import ImgbasedCore

/// Merges owner, permissions and extended attributes of a node that both sides have.
///
/// Each is merged by itself: a change of one side is taken; if both sides changed it, the administrator's
/// stays. A mode and its ACL count as one.
struct AttributeMerge {
    /// The result, with the new base's time.
    private(set) var attributes: NodeAttributes
    /// The administrator's changes in the result, in words.
    private(set) var kept: [String] = []
    /// The conflicts, in words.
    private(set) var conflicts: [String] = []

    init(base: NodeAttributes?, ours: NodeAttributes, new: NodeAttributes) {
        attributes = new
        attributes.owner = merged("owner", base?.owner, ours.owner, new.owner) { String($0) }
        attributes.group = merged("group", base?.group, ours.group, new.group) { String($0) }
        var names = Set(ours.extended.keys).union(new.extended.keys).union(base?.extended.keys ?? [:].keys)
        if ours.access.list == nil, new.access.list == nil {
            attributes.permissions = merged("mode", base?.permissions, ours.permissions, new.permissions) {
                AttributeMerge.octal($0)
            }
        } else {
            names.remove(IdentityMap.accessList)
            attributes.access = merged("mode and ACL", base?.access, ours.access, new.access) {
                AttributeMerge.octal($0.permissions)
            }
            attributes.bits = merged("set-id and sticky bits", base?.bits, ours.bits, new.bits) {
                AttributeMerge.octal($0)
            }
        }
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let old = base.map { $0.extended[name] }
            let words = "attribute \(EscapedText.escaped(name))"
            attributes.extended[name] = merged(words, old, ours.extended[name], new.extended[name]) { _ in nil
            }
        }
    }

    /// Merges one attribute; `base` is `nil` if the old base has no such node.
    private mutating func merged<Value: Equatable>(
        _ name: String, _ base: Value?, _ ours: Value, _ new: Value, _ words: (Value) -> String?
    ) -> Value {
        if ours == new || base == ours { return new }
        let value = words(ours).map { "\(name) \($0)" } ?? name
        if base == new {
            kept.append(value)
        } else {
            conflicts.append(words(new).map { "\(value), the new base has \($0)" } ?? value)
        }
        return ours
    }

    /// Permissions in octal, as chmod(1) takes them.
    static func octal(_ permissions: UInt32) -> String {
        let digits = String(permissions, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

/// The access rights of a node.
///
/// The kernel keeps them once: those of the mode are in the ACL as well, and setting one sets the other
/// (acl(5)).
private struct Access: Equatable {
    var permissions: UInt32
    var list: [UInt8]?

    static let mask: UInt32 = 0o777
}

extension NodeAttributes {
    fileprivate var access: Access {
        get { Access(permissions: permissions & Access.mask, list: extended[IdentityMap.accessList]) }
        set {
            permissions = permissions & ~Access.mask | newValue.permissions
            extended[IdentityMap.accessList] = newValue.list
        }
    }

    /// The rest of the mode: the set-id bits and the sticky bit.
    fileprivate var bits: UInt32 {
        get { permissions & ~Access.mask }
        set { permissions = permissions & Access.mask | newValue }
    }
}

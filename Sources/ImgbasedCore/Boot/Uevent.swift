/// The kernel's announcement that a block device came, changed or went (linux: lib/kobject_uevent.c).
public struct Uevent: Hashable, Sendable {
    /// The kernel's name of the device: `vda1`.
    public let name: String
    /// Whether the device has gone.
    public let isRemoval: Bool

    /// Reads a message `ACTION@PATH\0KEY=VALUE\0…`; `nil` if it announces anything else.
    public init?(_ message: [UInt8]) {
        let fields = message.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        func value(_ key: String) -> String? {
            fields.first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.utf8.count + 1)) }
        }
        guard value("SUBSYSTEM") == "block", let action = value("ACTION"),
            ["add", "change", "remove"].contains(action),
            let path = value("DEVPATH"), let name = path.utf8.split(separator: UInt8(ascii: "/")).last
        else { return nil }
        self.name = String(decoding: name, as: UTF8.self)
        isRemoval = action == "remove"
    }
}

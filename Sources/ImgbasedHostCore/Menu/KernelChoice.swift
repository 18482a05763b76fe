import ImgbasedCore

/// The kernel that a layer boots: its newest.
public enum KernelChoice {
    /// A kernel and its initramfs.
    public struct Pair: Hashable, Sendable {
        /// The version of both.
        public var version: String
        /// Candidate paths of the kernel in the layer; the first that exists is used.
        public var linux: [String]
        /// Candidate paths of the initramfs, likewise.
        public var initrd: [String]
    }

    /// The newest of `versions` with the candidate paths of its files; `nil` if no version is usable.
    ///
    /// The paths are in `/usr/lib/modules`, where distributions with a merged `/usr` keep them, and in
    /// `/boot`.
    public static func newest(of versions: Set<String>) -> Pair? {
        guard let version = versions.filter(isVersion).max(by: NaturalOrder.precedes) else { return nil }
        return Pair(
            version: version,
            linux: ["/usr/lib/modules/\(version)/vmlinuz", "/boot/vmlinuz-\(version)"],
            initrd: [
                "/usr/lib/modules/\(version)/initrd", "/boot/initrd.img-\(version)",
                "/boot/initramfs-\(version).img",
            ])
    }

    /// The version in the name of a file in `/boot`, or `nil` if the file is no kernel.
    public static func version(ofBootFile name: String) -> String? {
        name.hasPrefix("vmlinuz-") ? String(name.dropFirst("vmlinuz-".count)) : nil
    }

    /// Whether an entry can name `text` as a version, and it is not the installer's rescue image. Directory
    /// names in a layer are not trusted.
    private static func isVersion(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 128, text != ".", text != "..", !text.hasPrefix("0-rescue")
        else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-_.+~".utf8.contains(byte)
            }
        }
    }
}

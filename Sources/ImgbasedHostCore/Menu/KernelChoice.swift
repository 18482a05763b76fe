import ImgbasedCore

/// Which of the kernels of a layer is booted: the newest.
public enum KernelChoice {
    /// The kernel and initramfs to boot.
    public struct Pair: Hashable, Sendable {
        /// The version both are for.
        public var version: String
        /// Paths in the layer, the first that exists being meant.
        public var linux: [String]
        /// The same for the initramfs.
        public var initrd: [String]
    }

    /// The newest of `versions`, and where its files can be: in the place the distribution that merged `/usr`
    /// keeps them, or in `/boot`.
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

    /// The version in the name of a file of `/boot`, or `nil` where that is not a kernel.
    public static func version(ofBootFile name: String) -> String? {
        name.hasPrefix("vmlinuz-") ? String(name.dropFirst("vmlinuz-".count)) : nil
    }

    /// Names of a layer's directories are not trusted: a version that could not be written in an entry, or that
    /// is the rescue image of the installer, is none.
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

import ImgbasedHostLinux
import ImgbasedLinux

/// Firmware variables that boot loaders set (Boot Loader Interface).
enum EFIVariables {
    private static let vendor = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

    /// The text in a variable: UTF-16 after four bytes of attributes (linux: fs/efivarfs).
    static func text(_ name: String) -> String? {
        let path = "/sys/firmware/efi/efivars/\(name)-\(vendor)"
        guard let bytes = try? ConfinedTree("/").read(path, limit: 65536), bytes.count > 4 else { return nil }
        let units = stride(from: 4, to: bytes.count - 1, by: 2).map {
            UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8
        }
        let text = String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
        return text.isEmpty ? nil : text
    }
}

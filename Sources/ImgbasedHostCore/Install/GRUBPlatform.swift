/// The processors and firmware for which GRUB can be installed, by the names of GRUB's platforms.
public enum GRUBPlatform: String, CaseIterable, Sendable, Encodable {
    case bios = "i386-pc"
    case efi64 = "x86_64-efi"
    case efiARM = "arm64-efi"

    /// The platforms for the processor of this system.
    public static var native: [GRUBPlatform] {
        #if arch(arm64)
            [.efiARM]
        #else
            [.bios, .efi64]
        #endif
    }

    /// The directory of its modules.
    public var directory: String { "/usr/lib/grub/\(rawValue)" }

    /// The firmware, in words.
    public var firmware: String { self == .bios ? "BIOS" : "UEFI" }
}

/// The boot loaders that an installation can put on a disk.
public enum InstallLoader: String, CaseIterable, Sendable, Encodable {
    /// GRUB, for BIOS and UEFI, with a `/boot` of its own.
    case grub
    /// systemd-boot, for UEFI alone; the ESP is `/boot`.
    case systemdBoot = "systemd-boot"

    /// The program that systemd-boot is, for the processor of this system (systemd: bootctl(1)).
    public static var systemdBootProgram: String {
        #if arch(arm64)
            "/usr/lib/systemd/boot/efi/systemd-bootaa64.efi"
        #else
            "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
        #endif
    }
}

import Foundation

/// What runs in a machine before anything on its disks does.
public enum Firmware: Hashable, Sendable {
    /// SeaBIOS, which QEMU brings.
    case bios
    /// OVMF without Secure Boot. Its console is the serial port.
    case uefi

    // Debian's package ovmf.
    private static let code = "/usr/share/OVMF/OVMF_CODE_4M.fd"
    private static let variables = "/usr/share/OVMF/OVMF_VARS_4M.fd"

    /// The lines of its console.
    var lines: Int {
        switch self {
        case .bios: 24
        case .uefi: 50
        }
    }

    /// Makes the machine's own EFI variables, as of one that was never started, in the directory `scratch`: they
    /// outlive its power.
    func makeVariables(in scratch: String) throws {
        guard self == .uefi else { return }
        try FileManager.default.copyItem(atPath: Firmware.variables, toPath: Firmware.file(in: scratch))
    }

    /// QEMU's arguments for it.
    ///
    /// - Parameter scratch: where the machine's EFI variables are; without it they last as long as QEMU.
    func arguments(scratch: String?) -> [String] {
        guard self == .uefi else { return [] }
        let variables = scratch.map(Firmware.file) ?? Firmware.variables + ",snapshot=on"
        return [
            "-drive", "if=pflash,unit=0,format=raw,readonly=on,file=" + Firmware.code,
            "-drive", "if=pflash,unit=1,format=raw,file=" + variables,
        ]
    }

    private static func file(in scratch: String) -> String { scratch + "/efi-variables.fd" }
}

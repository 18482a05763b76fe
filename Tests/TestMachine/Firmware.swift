import Foundation

/// The firmware of a machine.
public enum Firmware: Hashable, Sendable {
    /// SeaBIOS, part of QEMU.
    case bios
    /// OVMF without Secure Boot. Its console is the serial port.
    case uefi

    // The files of Debian's package ovmf.
    private static let code = "/usr/share/OVMF/OVMF_CODE_4M.fd"
    private static let variables = "/usr/share/OVMF/OVMF_VARS_4M.fd"

    /// The number of lines of the firmware's console.
    var lines: Int {
        switch self {
        case .bios: 24
        case .uefi: 50
        }
    }

    /// Makes the EFI variables of a machine that was never started, in the directory `scratch`.
    ///
    /// The variables survive power cuts.
    func makeVariables(in scratch: String) throws {
        guard self == .uefi else { return }
        try FileManager.default.copyItem(atPath: Firmware.variables, toPath: Firmware.file(in: scratch))
    }

    /// QEMU's arguments for the firmware.
    ///
    /// - Parameter scratch: the directory of the machine's EFI variables; if `nil`, the variables are lost
    ///   when QEMU ends.
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

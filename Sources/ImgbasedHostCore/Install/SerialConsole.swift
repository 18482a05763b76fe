import ImgbasedCore

/// A serial port with the kernel's console (linux: Documentation/admin-guide/serial-console.rst).
struct SerialConsole: Hashable {
    /// The number of the port, as in `ttyS0`.
    let unit: Int
    /// The speed in bits per second.
    let speed: Int

    /// The last port that the kernel's `arguments` name; `nil` if they name none.
    init?(kernelArguments arguments: String) {
        let ports = KernelCommandLine(arguments).arguments.compactMap { argument -> (Int, Int)? in
            guard argument.name == "console", let value = argument.value else { return nil }
            let parts = value.split(separator: ",", maxSplits: 1)
            guard let name = parts.first, name.hasPrefix("ttyS"), let unit = Int(name.dropFirst(4)),
                0..<100 ~= unit
            else { return nil }
            // 9600 is the kernel's own default.
            guard parts.count > 1 else { return (unit, 9600) }
            guard let speed = Int(parts[1].prefix { $0.isASCII && $0.isNumber }), speed > 0 else {
                return nil
            }
            return (unit, speed)
        }
        guard let last = ports.last else { return nil }
        (unit, speed) = last
    }

    /// GRUB's commands that put its menu on the port, beside the screen.
    ///
    /// If GRUB cannot use the port, the menu stays on the screen. On UEFI, the firmware's own console may be
    /// on the same port, and GRUB's driver would take keys from it.
    var commandsOfGRUB: String {
        """
        if [ "${grub_platform}" = pc ]; then
          if serial --unit=\(unit) --speed=\(speed); then
            terminal_input console serial
            terminal_output console serial
          fi
        fi

        """
    }
}

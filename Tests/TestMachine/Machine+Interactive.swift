import Glibc

extension Machine {
    /// Replaces this process by QEMU, with the machine's serial console on this terminal.
    ///
    /// Writes to the disks are discarded. The method returns only if it throws.
    public func becomeInteractive() throws -> Never {
        var arguments = ["qemu-system-x86_64"] + Emulator.arguments(for: self) + ["-serial", "mon:stdio"]
        arguments += firmware.arguments(scratch: nil)
        for disk in disks {
            guard case .overlay(let file) = disk else {
                throw MachineError.unexpected("only a disk that is thrown away can be used by hand")
            }
            let format = DiskImage.format(of: file)
            arguments += ["-drive", "if=virtio,snapshot=on,format=\(format),file=\(file)"]
        }
        let argv = arguments.map { strdup($0) } + [nil]
        execvp(arguments[0], argv)
        throw MachineError.system(call: "start '\(arguments[0])'", errno: errno)
    }
}

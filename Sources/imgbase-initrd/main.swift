// The initramfs helper: connects the decisions of the core to the kernel.

import CLinux
import ImgbasedCore
import ImgbasedLinux

let usage = """
    usage: imgbase-initrd boot
           imgbase-initrd claims
           imgbase-initrd plan --cmdline 'ARGUMENTS' DEVICE-OR-FILE...
           imgbase-initrd --version
    """

/// Ends the program because its arguments do not match `usage`.
func refuseUsage() -> Never {
    complain("bad usage; see 'imgbase-initrd --help'")
    exit(2)
}

let words = ProgramArguments.words
// systemd runs a generator by its file name, with three directories as arguments.
let isGenerator = words.first?.hasSuffix("-generator") ?? false
let arguments = (isGenerator ? ["generator"] : []) + words.dropFirst()

do throws(BootError) {
    switch arguments.first {
    case "boot" where arguments.count == 1:
        try BootCommand.run()
    case "claims" where arguments.count == 1:
        guard try BootCommand.request().isOurs else { exit(1) }
        DracutArguments.additional(to: try BootCommand.commandLine()).forEach(say)
    case "generator" where arguments.count == 4:
        try GeneratorCommand.run(early: arguments[2])
    case "plan":
        guard let command = PlanCommand(arguments.dropFirst()) else { refuseUsage() }
        try command.run()
    case "--version" where arguments.count == 1:
        say("imgbase-initrd \(Version.current)")
    case "--help" where arguments.count == 1:
        say(usage)
    default:
        refuseUsage()
    }
} catch {
    complain(error.description)
    exit(1)
}

// The initramfs helper: wires what the core decides to what the kernel does.

import Glibc
import ImgbasedCore
import ImgbasedLinux

let usage = """
    usage: imgbase-initrd boot
           imgbase-initrd claims
           imgbase-initrd plan --cmdline 'ARGUMENTS' DEVICE-OR-FILE...
           imgbase-initrd --version
    """

/// Writes `line` to standard error after the program's name, which is the console and, where it runs, the journal.
func complain(_ line: String) {
    let text = "imgbase-initrd: \(line)\n"
    _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
}

var arguments = CommandLine.arguments
let program = arguments.removeFirst()
// systemd runs generators by their file names, with three directories.
if program.hasSuffix("-generator") { arguments.insert("generator", at: 0) }

do {
    switch arguments.first {
    case "boot" where arguments.count == 1:
        try BootCommand.run()
    case "claims" where arguments.count == 1:
        exit(try BootCommand.request().isOurs ? 0 : 1)
    case "generator" where arguments.count == 4:
        try GeneratorCommand.run(early: arguments[2])
    case "plan":
        try PlanCommand.run(Array(arguments.dropFirst()))
    case "--version" where arguments.count == 1:
        print("imgbase-initrd \(Version.current)")
    case "--help" where arguments.count == 1:
        print(usage)
    default:
        throw UsageError()
    }
} catch is UsageError {
    complain("bad usage; see 'imgbase-initrd --help'")
    exit(2)
} catch {
    complain("\(error)")
    exit(1)
}

/// The command line is not one of `usage`.
struct UsageError: Error {}

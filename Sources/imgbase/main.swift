import Glibc
import ImgbasedLinux

HostSignals.watch()
exit(await Program.run(Array(CommandLine.arguments.dropFirst())))

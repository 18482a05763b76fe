import Glibc
import ImgbasedLinux

HostStandardFiles.take()
HostSignals.watch()
exit(Program.finish(await Program.run(Array(CommandLine.arguments.dropFirst()))))

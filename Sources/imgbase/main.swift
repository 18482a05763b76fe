import Glibc
import ImgbasedHostLinux
import ImgbasedLinux

HostStandardFiles.take()
HostSignals.watch()
exit(Program.finish(await Program.run(Array(ProgramArguments.words.dropFirst()))))

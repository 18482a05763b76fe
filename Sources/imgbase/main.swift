import Glibc
import ImgbasedLinux

HostSignals.watch()
exit(await Program.run(Array(ProgramArguments.words.dropFirst())))

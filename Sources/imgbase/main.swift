import Glibc
import ImgbasedHostLinux
import ImgbasedLinux

HostStandardFiles.take()
guard HostSystem.hasProc else { exit(Program.refuseWithoutProc()) }
HostSignals.watch()
exit(Program.finish(await Program.run(Array(ProgramArguments.words.dropFirst()))))

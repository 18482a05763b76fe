/// A running QEMU, with our ends of its channels.
///
/// A shell stands between: it holds a pipe from us and kills QEMU when that closes, so that no machine outlives
/// the program that started it, however that ends.
final class Emulator {
    let console: Channel
    let agent: Channel
    let monitor: Channel
    private let lifeline: Descriptor
    private let supervisor: ChildProcess

    private static let supervision = """
        trap '' INT TERM HUP
        "$@" 5<&- &
        exec 3<&- 4<&-
        read -r _ <&5
        kill -KILL $!
        wait $!
        """

    /// Starts QEMU with `arguments` and the channels, for which the directory `scratch` is there; its messages go to
    /// the file `log`, what comes on the console also to the end of `consoleLog`.
    init(_ arguments: [String], scratch: String, consoleLog: String, log: String) throws {
        // UEFI throws away what its console does not take within 0.2 ms. So it is no socket: that is full after some
        // hundred bytes that are written one by one, a pipe after 64 KiB.
        let console = (
            output: try Descriptor.fifo(scratch + "/console.out"),
            input: try Descriptor.fifo(scratch + "/console.in")
        )
        let agent = try Descriptor.socketPair()
        let monitor = try Descriptor.socketPair()
        let lifeline = try Descriptor.pipe()
        let output = try Descriptor.create(log)
        let channels = [
            "-chardev", "pipe,id=console,path=\(scratch)/console,logfile=\(consoleLog),logappend=on",
            "-serial", "chardev:console",
            "-chardev", "socket,id=agent,fd=3", "-device", "virtio-serial",
            "-device", "virtserialport,chardev=agent,name=agent",
            "-chardev", "socket,id=monitor,fd=4", "-mon", "chardev=monitor,mode=control",
        ]
        supervisor = try ChildProcess(
            ["sh", "-c", Emulator.supervision, "sh", "qemu-system-x86_64"] + arguments + channels,
            descriptors: [
                Descriptor.null(), output, output, agent.theirs, monitor.theirs, lifeline.reading,
            ])
        for end in [agent.theirs, monitor.theirs, lifeline.reading] { end.close() }
        self.console = Channel(console.output, sink: console.input)
        self.agent = Channel(agent.ours)
        self.monitor = Channel(monitor.ours)
        self.lifeline = lifeline.writing
    }

    deinit {
        kill()
    }

    /// `limit` from now, but for the time in which QEMU waited for a processor.
    func deadline(within limit: Duration) -> Deadline {
        let pid = supervisor.pid
        return Deadline(within: limit) { ChildProcess.delay(ofChildOf: pid) }
    }

    /// Ends it as a power cut would: what the machine has flushed is in its disk files, and no more. Returns
    /// when it is gone.
    func kill() {
        lifeline.close()
        supervisor.wait()
    }

    /// QEMU's arguments for what `machine` has besides disks and channels.
    static func arguments(for machine: Machine) -> [String] {
        let accelerator =
            machine.countsInstructions
            ? ["-accel", "tcg,thread=single", "-icount", "shift=0"] : ["-accel", "tcg,thread=multi"]
        // Usually one virtual processor: a second one gains a machine little and takes the core another machine could
        // use. But one could be plugged in: for a machine that never has more than one, QEMU before 8.1 leaves out the
        // barriers between the guest's accesses to memory, which its threads for disks need as well, and once in some
        // dozen machines a disk is never told of what it should do (QEMU: c914d46d0a64, "Do not elide memory barriers
        // for !CF_PARALLEL in system mode"). qemu64 is the processor that is emulated fastest.
        return accelerator + [
            "-cpu", "qemu64", "-smp", "\(machine.processors),maxcpus=\(machine.processors + 1)", "-m",
            String(machine.memory), "-machine", "pc",
            "-nodefaults", "-no-user-config", "-display", "none", "-device", "virtio-rng-pci",
        ]
    }
}

/// A running QEMU, with our ends of its channels.
///
/// A shell between us and QEMU holds a pipe from us, and kills QEMU if the pipe closes. So no machine
/// outlives the program that started it, however the program ends.
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

    /// Starts QEMU with `arguments` and the channels, whose files are in the directory `scratch`.
    ///
    /// QEMU's messages go to the file `log`; console output is also appended to `consoleLog`.
    init(_ arguments: [String], scratch: String, consoleLog: String, log: String) throws {
        // UEFI drops output that its console does not take within 0.2 ms. Use a pipe, which is full after 64
        // KiB: a socket is full after some hundred bytes that are written one by one.
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

    /// A deadline `limit` from now, not counting the time in which QEMU waits for a processor.
    func deadline(within limit: Duration) -> Deadline {
        let pid = supervisor.pid
        return Deadline(within: limit) { ChildProcess.delay(ofChildOf: pid) }
    }

    /// Kills QEMU and waits for its end. As after a power cut, the disk files keep only flushed data.
    func kill() {
        lifeline.close()
        supervisor.wait()
    }

    /// QEMU's arguments for `machine`, without disks and channels.
    static func arguments(for machine: Machine) -> [String] {
        let accelerator =
            machine.countsInstructions
            ? ["-accel", "tcg,thread=single", "-icount", "shift=0"] : ["-accel", "tcg,thread=multi"]
        // Usually one virtual processor: a second gains little and takes the core from another machine. But
        // allow a second to be plugged in: if a machine can never have two, QEMU before 8.1 omits barriers
        // between the guest's memory accesses. QEMU's disk threads need these barriers: without them, one in
        // some dozen machines has a disk that never sees a request (QEMU: c914d46d0a64, "Do not elide memory
        // barriers for !CF_PARALLEL in system mode"). qemu64 is the fastest processor under emulation.
        return accelerator + [
            "-cpu", "qemu64", "-smp", "\(machine.processors),maxcpus=\(machine.processors + 1)", "-m",
            String(machine.memory), "-machine", "pc",
            "-nodefaults", "-no-user-config", "-display", "none", "-device", "virtio-rng-pci",
            // A machine is stopped before it is saved. Without this, a resumed machine would stay stopped.
            "-global", "migration.store-global-state=off",
        ]
    }
}

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
        "$@" 6<&- &
        exec 3<&- 4<&- 5<&-
        read -r _ <&6
        kill -KILL $!
        wait $!
        """

    /// Starts QEMU with `arguments` and the channels; its messages go to the file `log`,
    /// what comes on the console also to the end of `consoleLog`.
    init(_ arguments: [String], consoleLog: String, log: String) throws {
        let console = try Descriptor.socketPair()
        let agent = try Descriptor.socketPair()
        let monitor = try Descriptor.socketPair()
        let lifeline = try Descriptor.pipe()
        let output = try Descriptor.create(log)
        let channels = [
            "-chardev", "socket,id=console,fd=3,logfile=\(consoleLog),logappend=on", "-serial",
            "chardev:console",
            "-chardev", "socket,id=agent,fd=4", "-device", "virtio-serial",
            "-device", "virtserialport,chardev=agent,name=agent",
            "-chardev", "socket,id=monitor,fd=5", "-mon", "chardev=monitor,mode=control",
        ]
        supervisor = try ChildProcess(
            ["sh", "-c", Emulator.supervision, "sh", "qemu-system-x86_64"] + arguments + channels,
            descriptors: [
                Descriptor.null(), output, output, console.theirs, agent.theirs, monitor.theirs,
                lifeline.reading,
            ])
        for end in [console.theirs, agent.theirs, monitor.theirs, lifeline.reading] { end.close() }
        self.console = Channel(console.ours)
        self.agent = Channel(agent.ours)
        self.monitor = Channel(monitor.ours)
        self.lifeline = lifeline.writing
    }

    deinit {
        kill()
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
        // One virtual processor: a second one gains a machine little and takes the core another machine could
        // use. qemu64 is the processor that is emulated fastest.
        return accelerator + [
            "-cpu", "qemu64", "-smp", "1", "-m", String(machine.memory), "-machine", "pc",
            "-nodefaults", "-no-user-config", "-display", "none", "-device", "virtio-rng-pci",
        ]
    }
}

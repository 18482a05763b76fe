import Foundation

/// A running test machine, which ends with this object. Each method that waits has a time limit.
///
/// Use it within `Machine.run(_:)`, which reports the paths of the logs after a failure.
public final class VM {
    /// The description, with the last start as `boot`.
    public private(set) var machine: Machine
    let console: Console
    /// All disks, plugged in or not.
    var drives: [Drive]
    private(set) var emulator: Emulator
    private let log: String
    let scratch: String
    private let guestLog: Descriptor
    private var commandCount = 0

    var agent: Channel { emulator.agent }
    var monitor: Channel { emulator.monitor }

    init(_ machine: Machine, logs: String) throws {
        self.machine = machine
        console = Console(lines: machine.firmware.lines)
        scratch = try BuildDirectory.makeScratch(machine.name)
        guestLog = try Descriptor.create("\(logs)/\(machine.name).guest.log")
        drives = try machine.disks.enumerated().map { [scratch] index, disk in
            try Drive(disk, index: index, on: machine.bus, scratch: scratch)
        }
        try machine.firmware.makeVariables(in: scratch)
        log = "\(logs)/\(machine.name)"
        _ = try Descriptor.create(log + ".console.log")
        for index in drives.indices.dropFirst(machine.saved?.diskCount ?? drives.count) {
            drives[index].isPlugged = false
        }
        emulator = try VM.start(
            machine, drives, scratch: scratch, log: log, machine.saved?.arguments ?? [])
        try execute("qmp_capabilities")
        if let saved = machine.saved { try resume(saved) }
    }

    deinit {
        emulator.kill()
        try? FileManager.default.removeItem(atPath: scratch)
    }

    private static func start(
        _ machine: Machine, _ drives: [Drive], scratch: String, log: String, _ more: [String] = []
    ) throws -> Emulator {
        var arguments = Emulator.arguments(for: machine) + more
        arguments += machine.firmware.arguments(scratch: scratch) + machine.networkArguments
        for drive in drives where drive.isPlugged { arguments += try drive.arguments() }
        if case .kernel(let kernel, let initramfs, let line) = machine.boot {
            arguments += ["-kernel", kernel, "-initrd", initramfs, "-append", line]
        }
        return try Emulator(
            arguments, scratch: scratch, consoleLog: log + ".console.log", log: log + ".qemu.log")
    }

    // MARK: Waiting

    /// Receives the machine's output until `result` returns a value.
    ///
    /// - Throws: `MachineError.timeout` after `limit`, `MachineError.ended` if QEMU ends earlier.
    func wait<Result>(
        for text: String, within limit: Duration, _ result: () throws -> Result?
    ) throws -> Result {
        let deadline = emulator.deadline(within: limit)
        while true {
            if let found = try result() { return found }
            if try !receive(deadline) {
                throw MachineError.ended(waitingFor: text, seen: console.tail)
            }
            if deadline.hasPassed {
                if let found = try result() { return found }
                throw MachineError.timeout(waitingFor: text, within: limit, seen: console.tail)
            }
        }
    }

    /// Receives the machine's output until `condition` is true, as above.
    func wait(for text: String, within limit: Duration, until condition: () throws -> Bool) throws {
        try wait(for: text, within: limit) { try condition() ? () : nil }
    }

    /// Waits for output and receives it from all channels. Returns false if QEMU has ended.
    private func receive(_ deadline: Deadline) throws -> Bool {
        let channels = [emulator.console, agent, monitor]
        guard !channels.contains(where: \.hasEnded) else { return false }
        let ready = try waitReadable(channels.map(\.descriptor), deadline)
        for index in ready {
            if index == 0 { try console.receive(from: channels[0]) } else { try channels[index].receive() }
        }
        return true
    }

    // MARK: The console

    /// Waits until `text` appears on the console, after the last match of `expect`.
    ///
    /// Returns the output up to the end of `text`.
    @discardableResult
    public func expect(_ text: String, within limit: Duration) throws -> String {
        try wait(for: text, within: limit) { console.take(through: text) }
    }

    /// Waits until one of `texts` appears on the console, after the last match of `expect`.
    ///
    /// Returns the index of the first text to appear.
    public func expect(oneOf texts: [String], within limit: Duration) throws -> Int {
        try wait(for: texts.joined(separator: "' or '"), within: limit) { console.takeFirst(of: texts) }
    }

    /// Types `text` on the console.
    public func type(_ text: String) throws {
        try emulator.console.sink.write(Array(text.utf8), by: emulator.deadline(within: .seconds(30)))
    }

    /// The console's output since the last start, as plain text.
    public var transcript: String { console.transcript }

    // MARK: The guest

    /// Waits until the agent of the booted system answers.
    public func waitForGuest(within limit: Duration = .minutes(4)) throws {
        _ = try wait(for: "the agent in the guest", within: limit) { agent.take(through: "HELLO\n") }
    }

    /// Waits for the agent of the system that starts after `text` on the console.
    ///
    /// The agent of an earlier system does not count.
    public func waitForGuest(after text: String, within limit: Duration = .minutes(6)) throws {
        try expect(text, within: limit)
        agent.forget()
        try waitForGuest(within: limit)
    }

    /// Runs `script` in the guest as root, by `sh`, and returns the status and the output.
    public func run(_ script: String, within limit: Duration = .minutes(2)) throws -> GuestResult {
        let deadline = emulator.deadline(within: limit)
        let start = ContinuousClock.now
        try ask(script, deadline)
        let answer = try wait(for: "the end of '\(script)'", within: limit) { () -> GuestResult? in
            guard let output = agent.take(through: "\nRC=\(commandCount)=") else { return nil }
            guard let status = agent.take(through: "\n") else { return nil }
            return GuestResult(raw: output, status: status)
        }
        let time = ContinuousClock.now - start
        let record = "# \(script)\n\(answer.output)\n# status \(answer.status), \(time.inSeconds)\n\n"
        try guestLog.write(Array(record.utf8), by: deadline)
        return answer
    }

    /// Sends `script` to the agent.
    private func ask(_ script: String, _ deadline: Deadline) throws {
        commandCount += 1
        let line = "\(commandCount) \(Data(script.utf8).base64EncodedString())\n"
        try agent.descriptor.write(Array(line.utf8), by: deadline)
    }

    /// Runs `script` in the guest, until a command of it fails (`set -e`), and returns its output.
    ///
    /// - Throws: `MachineError.guest` if the status is not 0.
    @discardableResult
    public func check(_ script: String, within limit: Duration = .minutes(2)) throws -> String {
        let result = try run("set -e\n" + script, within: limit)
        guard result.status == 0 else { throw MachineError.guest(script, result) }
        return result.output
    }

    // MARK: Power

    /// Cuts the power. The disks keep flushed data.
    public func cutPower() {
        emulator.kill()
    }

    /// Restores the power. The machine starts again from its disks and EFI variables.
    ///
    /// It starts by `boot` and with `firmware`, or as before where they are `nil`. Other firmware has never
    /// started: its variables are new.
    public func powerOn(_ boot: Machine.Boot? = nil, firmware: Firmware? = nil) throws {
        if let boot { machine.boot = boot }
        if let firmware {
            machine.firmware = firmware
            try firmware.makeVariables(in: scratch)
        }
        console.forget()
        emulator = try VM.start(machine, drives, scratch: scratch, log: log)
        try execute("qmp_capabilities")
    }

    /// Shuts the booted system down, and waits until the machine is off.
    public func shutDown(within limit: Duration = .minutes(2)) throws {
        try ask("systemctl poweroff", emulator.deadline(within: limit))
        try waitForPowerOff(within: limit)
    }

    /// Waits until the booted system has switched the machine off.
    public func waitForPowerOff(within limit: Duration) throws {
        let deadline = emulator.deadline(within: limit)
        while try receive(deadline) {
            guard !deadline.hasPassed else {
                throw MachineError.timeout(waitingFor: "power off", within: limit, seen: console.tail)
            }
        }
        emulator.kill()
    }

    /// Reboots the booted system, without waiting.
    public func reboot() throws {
        try ask("systemctl reboot", emulator.deadline(within: .minutes(1)))
        console.forget()
    }

    /// Presses the reset button. The machine starts again from its disks.
    public func reset() throws {
        try execute("system_reset")
        agent.forget()
        console.forget()
    }
}

/// A program run to its end on the build host.
public enum HostCommand {
    /// Runs `arguments` with both outputs together and returns what it wrote.
    ///
    /// - Throws: `MachineError.command` if the status is not 0 or time is up; the program and what it started
    ///   are killed then.
    @discardableResult
    public static func run(
        _ arguments: String..., within limit: Duration = .minutes(5), environment: [String: String] = [:]
    ) throws -> String {
        try run(arguments, within: limit, environment: environment)
    }

    /// The same, for a list of arguments.
    @discardableResult
    public static func run(
        _ arguments: [String], within limit: Duration = .minutes(5), environment: [String: String] = [:]
    ) throws -> String {
        let deadline = Deadline(within: limit)
        let (reading, writing) = try Descriptor.pipe()
        let child = try ChildProcess(
            arguments, descriptors: [Descriptor.null(), writing, writing], environment: environment)
        writing.close()
        var output: [UInt8] = []
        while true {
            guard try !waitReadable([reading], deadline).isEmpty else {
                child.kill()
                throw failed(arguments, "took longer than \(limit.inSeconds)", output)
            }
            guard let bytes = try reading.readSome() else { continue }
            if bytes.isEmpty { break }
            output += bytes
        }
        let status = child.wait()
        guard status == 0 else { throw failed(arguments, "ended with status \(status)", output) }
        return String(decoding: output, as: UTF8.self)
    }

    private static func failed(_ arguments: [String], _ failure: String, _ output: [UInt8]) -> MachineError {
        .command(arguments.joined(separator: " "), failure: failure, output: String(tailOf: output))
    }
}

extension String {
    /// The last lines of `bytes`.
    init(tailOf bytes: some BidirectionalCollection<UInt8>, limit: Int = 2000) {
        self.init(decoding: bytes.suffix(limit), as: UTF8.self)
    }
}

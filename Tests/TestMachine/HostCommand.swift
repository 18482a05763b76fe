/// Runs programs to their end on the build host.
public enum HostCommand {
    /// Runs `arguments` and returns standard output and standard error together.
    ///
    /// - Throws: `MachineError.command` if the status is not 0 or the time is up. The program and its
    ///   children are then killed.
    @discardableResult
    public static func run(
        _ arguments: String..., within limit: Duration = .minutes(5), environment: [String: String] = [:]
    ) throws -> String {
        try run(arguments, within: limit, environment: environment)
    }

    /// Runs the list `arguments`, as above.
    @discardableResult
    public static func run(
        _ arguments: [String], within limit: Duration = .minutes(5), environment: [String: String] = [:]
    ) throws -> String {
        let (status, output) = try end(of: arguments, within: limit, environment: environment)
        guard status == 0 else { throw failed(arguments, "ended with status \(status)", output) }
        return String(decoding: output, as: UTF8.self)
    }

    /// Runs `arguments`; returns the exit status, or the negative number of the fatal signal, and the output.
    ///
    /// The output is standard output and standard error together.
    ///
    /// - Parameter marks: texts in the output at which the program is killed.
    /// - Throws: `MachineError.command` if the time is up. The program and its children are then killed.
    public static func result(
        _ arguments: [String], upTo marks: [String] = [], within limit: Duration = .minutes(5),
        environment: [String: String] = [:]
    ) throws -> (status: Int, output: String) {
        let (status, output) = try end(
            of: arguments, upTo: marks.map { Array($0.utf8) }, within: limit, environment: environment)
        return (Int(status), String(decoding: output, as: UTF8.self))
    }

    private static func end(
        of arguments: [String], upTo marks: [[UInt8]] = [], within limit: Duration,
        environment: [String: String]
    ) throws -> (status: CInt, output: [UInt8]) {
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
            if marks.contains(where: { output.firstRange(of: $0) != nil }) {
                child.kill()
                break
            }
        }
        return (child.wait(), output)
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

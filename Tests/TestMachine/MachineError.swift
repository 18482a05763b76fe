import Glibc

/// A failure of a test machine, or of a step that makes its inputs.
public enum MachineError: Error, Hashable, Sendable {
    /// A system call failed.
    case system(call: String, errno: CInt)
    /// A program on the build host failed or took too long; `output` is the end of its output.
    case command(String, failure: String, output: String)
    /// The expected output did not come in time; `seen` is the end of the actual output.
    case timeout(waitingFor: String, within: Duration, seen: String)
    /// The machine ended or closed its channel too early.
    case ended(waitingFor: String, seen: String)
    /// A command in the guest failed.
    case guest(String, GuestResult)
    /// The output of a machine is not as expected.
    case unexpected(String)
}

extension MachineError: CustomStringConvertible {
    /// The failure, and the end of the output that explains it.
    public var description: String {
        switch self {
        case .system(let call, let errno): "\(call): \(String(cString: strerror(errno)))"
        case .command(let command, let failure, let output): "'\(command)' \(failure)\n\(output)"
        case .timeout(let text, let limit, let seen):
            "no '\(text)' within \(limit.inSeconds); the last of what came:\n\(seen)"
        case .ended(let text, let seen):
            "the machine ended before '\(text)'; the last of what came:\n\(seen)"
        case .guest(let command, let result):
            "'\(command)' in the guest: status \(result.status)\n\(result.output)"
        case .unexpected(let text): text
        }
    }
}

/// Throws `MachineError.system` if a system call returned -1.
@discardableResult
func check(_ call: String, _ result: CInt) throws(MachineError) -> CInt {
    guard result >= 0 else { throw .system(call: call, errno: errno) }
    return result
}

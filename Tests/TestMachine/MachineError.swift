import Glibc

/// What goes wrong with a test machine, or in making what it needs.
public enum MachineError: Error, Hashable, Sendable {
    /// A system call failed.
    case system(call: String, errno: CInt)
    /// A program on the build host failed, or took too long; `output` is the end of what it wrote.
    case command(String, failure: String, output: String)
    /// Nothing of the kind came in time; `seen` is the end of what did.
    case timeout(waitingFor: String, within: Duration, seen: String)
    /// The machine ended or closed its channel where it was to go on.
    case ended(waitingFor: String, seen: String)
    /// A command in the guest failed.
    case guest(String, GuestResult)
    /// What a machine wrote cannot be understood.
    case unexpected(String)
}

extension MachineError: CustomStringConvertible {
    /// What failed, with the end of the output that tells why.
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

/// Throws `MachineError.system` where a system call returned -1.
@discardableResult
func check(_ call: String, _ result: CInt) throws(MachineError) -> CInt {
    guard result >= 0 else { throw .system(call: call, errno: errno) }
    return result
}

/// An error in the use of a machine, with the paths of its logs.
public struct MachineFailure: Error, CustomStringConvertible {
    /// The underlying error.
    public let cause: any Error
    /// A pattern of file names: the console, the commands run in the guest, and QEMU's messages.
    public let logs: String

    /// The cause, and the pattern of the logs.
    public var description: String { "\(cause)\n(logs: \(logs))" }
}

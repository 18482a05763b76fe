/// An error in the use of a machine, with the place of its logs.
public struct MachineFailure: Error, CustomStringConvertible {
    /// The underlying error.
    public let cause: any Error
    /// A pattern of file names: console, commands run in the guest, QEMU's messages.
    public let logs: String

    /// The cause and the logs.
    public var description: String { "\(cause)\n(logs: \(logs))" }
}

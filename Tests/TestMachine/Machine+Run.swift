import Dispatch
import Foundation

extension Machine {
    /// Starts the machine, passes it to `body`, and always cuts its power afterwards.
    ///
    /// The build host runs at most one machine for each processor; this call waits for its turn.
    ///
    /// - Throws: `MachineFailure`, with the error and the path of the logs.
    public func run<Result>(_ body: (VM) throws -> Result) throws -> Result {
        slots.wait()
        defer { slots.signal() }
        let logs = try BuildDirectory.logs()
        let start = ContinuousClock.now
        defer {
            tell(
                "machine '\(name)' ran \((ContinuousClock.now - start).inSeconds); see \(logs)/\(name).*.log")
        }
        do {
            let vm = try VM(self, logs: logs)
            defer { vm.cutPower() }
            return try body(vm)
        } catch {
            throw MachineFailure(cause: error, logs: "\(logs)/\(name).*.log")
        }
    }
}

/// Prints the path of the logs of a failed test, which a failed expectation does not show.
private func tell(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}

private let slots = DispatchSemaphore(value: max(1, ProcessInfo.processInfo.activeProcessorCount))

import Dispatch
import Foundation

extension Machine {
    /// Starts the machine, passes it to `body`, and always cuts its power afterwards.
    ///
    /// At most as many machines run as the build host has processors; this call waits for its turn.
    ///
    /// - Throws: `MachineFailure`, with the error and the place of the logs.
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

/// Tells the place of the logs of a failed test: an expectation that fails does not know it.
private func tell(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}

private let slots = DispatchSemaphore(value: max(1, ProcessInfo.processInfo.activeProcessorCount))

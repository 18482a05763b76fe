import Dispatch
import Foundation

extension Machine {
    /// Starts the machine, hands it to `body`, and takes its power away afterwards, whatever happened.
    ///
    /// No more machines run at a time than the build host has processors; this waits for its turn.
    ///
    /// - Throws: `MachineFailure`, which has the error and the place of the logs.
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

/// Says where to look when a test has failed: what failed in it does not know.
private func tell(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}

private let slots = DispatchSemaphore(value: max(1, ProcessInfo.processInfo.activeProcessorCount))

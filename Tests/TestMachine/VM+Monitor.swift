import Foundation

extension VM {
    /// Sends a command of QEMU's monitor protocol, and returns the answer if it is an object.
    ///
    /// - Throws: `MachineError.unexpected` with QEMU's message if QEMU refuses.
    @discardableResult
    func execute(_ command: String, _ arguments: [String: any Sendable] = [:]) throws -> [String: Any] {
        let request: [String: Any] = ["execute": command, "arguments": arguments]
        let line = try JSONSerialization.data(withJSONObject: request) + [0x0a]
        try monitor.descriptor.write(Array(line), by: emulator.deadline(within: .seconds(30)))
        return try wait(for: "QEMU's answer to '\(command)'", within: .seconds(60)) {
            while let answer = monitor.take(through: "\n") {
                let value = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
                if let error = value?["error"] as? [String: Any] {
                    throw MachineError.unexpected("QEMU refuses '\(command)': \(error["desc"] ?? "")")
                }
                if let result = value?["return"] { return result as? [String: Any] ?? [:] }
            }
            return nil
        }
    }

    /// Waits until QEMU reports the event `name` for `device`.
    func waitForEvent(_ name: String, of device: String, within limit: Duration = .minutes(1)) throws {
        try wait(for: "QEMU's event '\(name)'", within: limit) {
            while let line = monitor.take(through: "\n") {
                let value = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                let data = value?["data"] as? [String: Any]
                if value?["event"] as? String == name, data?["device"] as? String == device { return true }
            }
            return false
        }
    }
}

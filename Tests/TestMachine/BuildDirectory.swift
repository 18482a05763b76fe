import Foundation
import Glibc

/// `.build-machine/` of the checkout: logs, and artefacts that many tests share.
public enum BuildDirectory {
    /// The path of the checkout in which this file was compiled.
    public static let project = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    /// The path of the directory with all logs and artefacts.
    public static let path = project + "/.build-machine"

    /// The directory of the logs of consoles, commands and QEMU: a few files for each machine name.
    public static func logs() throws -> String { try directory("logs") }

    /// Makes a new, empty directory for the caller alone; the caller removes it.
    public static func makeScratch(_ name: String) throws -> String {
        let result = try directory("run") + "/\(name).\(UUID().uuidString).\(getpid())"
        try FileManager.default.createDirectory(atPath: result, withIntermediateDirectories: false)
        return result
    }

    /// Calls `body` while no other thread or process makes an artefact.
    static func locked<Result>(_ body: () throws -> Result) throws -> Result {
        let file = try Descriptor.create(directory(".") + "/lock")
        // Wait without a timeout: every step of the holder has one, and the holder's end releases the lock.
        while flock(file.number, LOCK_EX) < 0 {
            guard errno == EINTR else { throw MachineError.system(call: "flock", errno: errno) }
        }
        defer { file.close() }
        try removeStaleScratch()
        return try body()
    }

    /// Removes the scratch directories of killed processes.
    private static func removeStaleScratch() throws {
        let run = try directory("run")
        for name in try FileManager.default.contentsOfDirectory(atPath: run) {
            guard let pid = name.split(separator: ".").last.flatMap({ pid_t($0) }) else { continue }
            if kill(pid, 0) < 0 && errno == ESRCH {
                try FileManager.default.removeItem(atPath: run + "/" + name)
            }
        }
    }

    private static func directory(_ name: String) throws -> String {
        let result = path + "/" + name
        try FileManager.default.createDirectory(atPath: result, withIntermediateDirectories: true)
        return result
    }
}

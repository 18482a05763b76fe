import CLinux
import Foundation
import ImgbasedCore
import ImgbasedHostCore
import Testing

@testable import ImgbasedHostLinux
@testable import ImgbasedLinux

@Suite struct LVM2LockTests {
    private static let patience = Patience(idle: 60, total: 60)
    private let directory = NSTemporaryDirectory() + "imgbased-" + UUID().uuidString

    @Test func keepsOthersOutUntilReleased() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let lock = try LVM2Lock("HostVG", Self.patience, in: directory)
        #expect(try !canLock("V_HostVG"))
        #expect(try canLock("V_Other"))
        lock.release()
        #expect(try canLock("V_HostVG"))
    }

    /// lvm2 removes the file when it releases a lock that others wait for.
    @Test func isOnTheFileThatIsThere() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try SmallFile.makeDirectory(directory)
        let path = directory + "/V_HostVG"
        let theirs = try OpenFile(opening: path, O_RDWR | O_CREAT, permissions: 0o600)
        #expect(flock(theirs.number, LOCK_EX) == 0)
        var file = stat()
        #expect(fstat(theirs.number, &file) == 0)

        // Not a task: it blocks the thread.
        let done = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var others: Bool?
        Thread.detachNewThread { [directory] in
            defer { done.signal() }
            guard let ours = try? LVM2Lock("HostVG", Self.patience, in: directory) else { return }
            others = try? canLock("V_HostVG")
            ours.release()
        }
        // proc_locks(5): "1: -> FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF" is a waiting process.
        let waiting = try Regex("-> FLOCK .*:\(file.st_ino) ")
        let limit = ContinuousClock.now + .seconds(300)
        while try SmallFile.read("/proc/locks").firstMatch(of: waiting) == nil {
            try #require(ContinuousClock.now < limit)
            sched_yield()
        }
        try FileManager.default.removeItem(atPath: path)
        #expect(flock(theirs.number, LOCK_UN) == 0)
        #expect(done.wait(timeout: .now() + 300) == .success)
        #expect(others == false)
    }

    @Test func isNotWaitedForWhereNobodyWorks() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try SmallFile.makeDirectory(directory)
        let path = directory + "/V_HostVG"
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        holder.arguments = ["--no-fork", path, "sh", "-c", "echo locked; exec sleep 1000"]
        let said = Pipe()
        holder.standardOutput = said
        try holder.run()
        // The tests and their children have SIGTERM blocked.
        defer { kill(holder.processIdentifier, SIGKILL) }
        #expect(said.fileHandleForReading.availableData == Data("locked\n".utf8))

        let error = #expect(throws: SystemError.self) {
            _ = try LVM2Lock("HostVG", Patience(idle: 1, total: 60), in: directory)
        }
        #expect(
            error?.description
                == "cannot lock '\(path)': process \(holder.processIdentifier) (sleep) has it, "
                + "and it did nothing for 1 seconds")
    }

    private func canLock(_ name: String) throws -> Bool {
        let file = try OpenFile(opening: directory + "/" + name, O_RDWR | O_CREAT, permissions: 0o600)
        return flock(file.number, LOCK_EX | LOCK_NB) == 0
    }
}

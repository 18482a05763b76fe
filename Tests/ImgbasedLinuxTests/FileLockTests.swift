import CLinux
import Foundation
import Testing

@testable import ImgbasedHostLinux
@testable import ImgbasedLinux

@Suite struct FileLockTests {
    /// The duplicate stands for the descriptor of another thread's child before it executes its program.
    @Test func isFreeWhoeverElseHasTheFileOpen() throws {
        let path = NSTemporaryDirectory() + "imgbased-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        func canLock() throws -> Bool {
            let file = try OpenFile(opening: path, O_RDWR | O_CREAT, permissions: 0o600)
            return flock(file.number, LOCK_EX | LOCK_NB) == 0
        }
        let file = try OpenFile(opening: path, O_RDWR | O_CREAT, permissions: 0o600)
        #expect(flock(file.number, LOCK_EX) == 0)
        let lock = FileLock(of: file)
        let child = OpenFile(owning: dup(lock.file.number), name: "a child's")
        #expect(try !canLock())
        _ = consume lock
        #expect(try canLock())
        #expect(fcntl(child.number, F_GETFD) >= 0)
    }
}

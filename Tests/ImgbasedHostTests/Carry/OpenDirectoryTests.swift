import CLinux
import Foundation
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

@Suite(.enabled(if: HostSystem.isRoot, "only root may set such attributes")) struct OpenDirectoryTests {
    /// Links come and go, and attributes grow and vanish, during the reading.
    @Test func looksAtWhatOthersChange() throws {
        let scratch = try Scratch()
        let (link, file) = (scratch("link"), scratch("file"))
        try scratch.write("file", [])
        let directory = try ConfinedTree(scratch.path).directory()
        let work = Worker { round in
            symlink("anywhere", link)
            lsetxattr(link, "trusted.a", "1", 1, 0)
            unlink(link)
            let value = [UInt8](repeating: 1, count: round % 2 == 0 ? 1 : 900)
            setxattr(file, "trusted.a", value, value.count, 0)
            if round % 3 == 0 { removexattr(file, "trusted.a") }
        }
        defer { work.end() }
        for _ in 0..<20_000 {
            let facts = try directory.look(at: Array("link".utf8))
            #expect(facts == nil || facts?.kind == .link(Array("anywhere".utf8)))
            #expect(try directory.look(at: Array("file".utf8)) != nil)
        }
    }

    /// Repeats an action beside the test.
    private final class Worker: @unchecked Sendable {
        private let lock = NSLock()
        private var isDone = false
        private let ended = DispatchSemaphore(value: 0)

        init(_ body: @escaping @Sendable (Int) -> Void) {
            Thread.detachNewThread { [self] in
                var round = 0
                while !lock.withLock({ isDone }) {
                    body(round)
                    round += 1
                }
                ended.signal()
            }
        }

        func end() {
            lock.withLock { isDone = true }
            ended.wait()
        }
    }
}

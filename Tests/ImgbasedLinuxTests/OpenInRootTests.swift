import CLinux
import Foundation
import ImgbasedCore
import ImgbasedHostCore
import Testing

@testable import ImgbasedHostLinux
@testable import ImgbasedLinux

/// Files of a tree during renames by others, which make the kernel give up on each path with "..".
@Suite struct OpenInRootTests {
    @Test func renamesElsewhereDoNotMatter() throws {
        let root = NSTemporaryDirectory() + "imgbased-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        for directory in ["/sbin", "/lib", "/usr/bin", "/usr/sbin"] {
            try FileManager.default.createDirectory(
                atPath: root + directory, withIntermediateDirectories: true)
        }
        try Data().write(to: URL(fileURLWithPath: root + "/lib/init"))
        #expect(chmod(root + "/lib/init", 0o755) == 0)
        #expect(symlink("../lib/init", root + "/sbin/init") == 0)
        let (one, other) = (root + "-one", root + "-other")
        defer { for file in [one, other] { unlink(file) } }
        try Data().write(to: URL(fileURLWithPath: one))

        let end = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var count = 0
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            while end.wait(timeout: .now()) == .timedOut {
                rename(one, other)
                rename(other, one)
                count += 1
            }
            ended.signal()
        }
        defer {
            end.signal()
            ended.wait()
            #expect(count > 100)
        }
        let tree = try ConfinedTree(root)
        for _ in 0..<20_000 {
            try #require(try InitProgram.exists(in: root, asked: nil))
            _ = try tree.open("/sbin/init", O_RDONLY)
        }
    }
}

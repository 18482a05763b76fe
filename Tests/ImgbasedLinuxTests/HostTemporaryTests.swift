import Glibc
import Testing

@testable import ImgbasedHostLinux
@testable import ImgbasedLinux

/// Directories that exist only while the program needs them.
@Suite struct HostTemporaryTests {
    /// Each run takes an unlocked directory of another run for debris of an interrupted one.
    @Test func directoriesOfSeveralRunsStayApart() async throws {
        let lost = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var lost = 0
                    for _ in 0..<200 {
                        let directory = try HostTemporaryDirectory()
                        if !HostSystem.exists(directory.path) { lost += 1 }
                    }
                    return lost
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(lost == 0)
    }

    @Test func aDirectoryGoesWithAllThatIsInIt() throws {
        var directory: HostTemporaryDirectory? = try HostTemporaryDirectory()
        let path = try #require(directory?.path)
        try ConfinedTree(path).makeDirectories("/a/b")
        directory = nil
        #expect(!HostSystem.exists(path))
    }

    @Test(.timeLimit(.minutes(5))) func whatAnInterruptedRunLeftGoesWithTheNext() throws {
        // mkdtemp(3) needs six X. The final name comes last, so that no other run takes an incomplete
        // directory.
        var template = Array("\(HostTemporary.directory)/imgbased-test-XXXXXX".utf8CString)
        let made = String(cString: try #require(mkdtemp(&template)))
        try ConfinedTree(made).makeDirectories("/a/b")
        let left = made.replacing("imgbased-test-", with: "imgbased-image-")
        try #require(rename(made, left) == 0)
        // Another test's run can be about to remove it.
        repeat { _ = try HostTemporaryDirectory() } while HostSystem.exists(left)
    }

    /// On FAT, the new file may share its place on the disk with the old one (`ConfinedTree.removeBootFile`).
    @Test(
        arguments: [
            (".a.imgbased-new", "a"), (".imgbased-Base-0.1.conf.imgbased-new", "imgbased-Base-0.1.conf"),
            (".imgbased-new", nil), ("a.imgbased-new", nil), (".a", nil), (".a.imgbased-newer", nil),
        ] as [(String, String?)])
    func aNewFileNamesTheOldOne(name: String, old: String?) {
        #expect(ConfinedTree.replaced(by: name) == old)
        if let old { #expect(ConfinedTree.temporaryName(for: old) == name) }
    }
}

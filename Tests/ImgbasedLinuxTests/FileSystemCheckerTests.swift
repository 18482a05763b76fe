import Foundation
import ImgbasedCore
import ImgbasedHostCore
import Testing

@testable import ImgbasedHostLinux
@testable import ImgbasedLinux

@Suite struct FileSystemCheckerTests {
    private func run(_ tool: String, _ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: tool)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(tool)")
    }

    /// ext4 writes its superblock as two sectors: a power cut can leave one old and one new.
    @Test(arguments: ["1024", "4096"])
    func repairsASuperblockThatIsTorn(block: String) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "torn-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        defer { try? file.close() }
        try file.truncate(atOffset: 256 << 20)
        try run("/usr/sbin/mkfs.ext4", "-q", "-b", block, "-O", "metadata_csum", path)
        try file.seek(toOffset: 1536)
        let old = try #require(try file.read(upToCount: 512))
        try run("/usr/sbin/tune2fs", "-L", "other", path)
        try file.seek(toOffset: 1536)
        try file.write(contentsOf: old)
        let check = BootRequest(commandLine: KernelCommandLine("")).fileSystemCheck
        let patience = Patience(idle: 60, total: 600)
        #expect(try FileSystemChecker.run(path, type: .ext4, check, patience) != nil)
        try run("/usr/sbin/e2fsck", "-fn", path)
        // A disk of zeros has no file system.
        try file.seek(toOffset: 0)
        try file.write(contentsOf: Data(count: 256 << 20))
        #expect(throws: SystemError.self) {
            try FileSystemChecker.run(path, type: .ext4, check, patience)
        }
    }
}

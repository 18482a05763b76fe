import Foundation
import ImgbasedCore
import ImgbasedHostCore
import Testing

@testable import ImgbasedHostLinux
@testable import ImgbasedLinux

@Suite struct BlockDeviceTests {
    @Test(arguments: ["ram0", "zram1", "fd0", "sr0", "dm-3", "nbd2", "no-such-disk"])
    func someDevicesAreNotLookedAt(name: String) {
        #expect(!BlockDevice(name: name).mayHoldPhysicalVolume)
    }

    @Test func slashesOfNamesAreExclamationMarksInSys() {
        #expect(BlockDevice(name: "cciss!c0d0p1").path == "/dev/cciss/c0d0p1")
    }

    @Test func readsAreWholeOrErrors() throws {
        let path = NSTemporaryDirectory() + "imgbased-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data((0..<200).map { UInt8($0) }).write(to: URL(fileURLWithPath: path))
        let source = try OpenBlockSource(path: path)
        #expect(source.size == Bytes(200))
        #expect(try source.read(at: 150, count: 50) == (150..<200).map { UInt8($0) })
        #expect(throws: BlockReadError.self) { try source.read(at: 151, count: 50) }
        #expect(throws: BlockReadError.self) { try source.read(at: UInt64.max, count: 1) }
    }

    @Test func directoriesAreNotDisks() {
        #expect(throws: SystemError.self) { try OpenBlockSource(path: "/tmp") }
    }
}

@Suite struct FileSystemRecognitionTests {
    /// A file system made by the real tool.
    private func image(_ tool: String, _ arguments: [String]) throws -> OpenBlockSource? {
        let path = NSTemporaryDirectory() + "imgbased-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.truncate(atOffset: 320 << 20)
        let patience = Patience(idle: 60, total: 60)
        let result = try ChildProcess.run("/usr/sbin/\(tool)", arguments + [path], patience)
        try #require(result.status == 0)
        return try OpenBlockSource(path: path)
    }

    @Test func ext4AndXFSAreKnownByTheirSuperblocks() throws {
        let ext4 = try #require(try image("mkfs.ext4", ["-q"]))
        #expect(try LayerMount.FileSystem.recognize(ext4) == .ext4)
        let xfs = try #require(try image("mkfs.xfs", ["-q"]))
        #expect(try LayerMount.FileSystem.recognize(xfs) == .xfs)
        let swap = try #require(try image("mkswap", ["-q"]))
        #expect(try LayerMount.FileSystem.recognize(swap) == nil)
    }
}

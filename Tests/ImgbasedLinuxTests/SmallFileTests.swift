import Foundation
import Testing

@testable import ImgbasedHostLinux
@testable import ImgbasedLinux

@Suite struct SmallFileTests {
    private let directory = NSTemporaryDirectory() + "imgbased-" + UUID().uuidString

    @Test func writesMakeDirectoriesAndReplace() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/a/b/file"
        try SmallFile.write("one\n", to: path)
        try SmallFile.write("two\nthree\n", to: path)
        #expect(try SmallFile.read(path) == "two\nthree\n")
        #expect(SmallFile.line(path) == "two")
        #expect(try DirectoryListing.names(in: directory + "/a/b") == ["file"])
    }

    @Test func linksAreReplaced() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/units/sysroot.mount"
        try SmallFile.link(to: "../elsewhere", at: path)
        try SmallFile.link(to: "/dev/null", at: path)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == "/dev/null")
    }

    @Test func readingIsBounded() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/long"
        try SmallFile.write(String(repeating: "x", count: 10_000), to: path)
        #expect(try SmallFile.read(path, limit: 5000).utf8.count == 5000)
    }

    @Test func errorsNameWhatWasTried() {
        let path = directory + "/nowhere"
        let error = #expect(throws: SystemError.self) { try SmallFile.read(path) }
        #expect(error?.description == "cannot read '\(path)': No such file or directory")
        #expect(error?.number == ENOENT)
        #expect(SmallFile.line(path) == nil)
    }

    /// A larger operation's error is still that of the call, and a new file that got no name is gone.
    @Test func aFailedReplacementKeepsItsErrorAndLeavesNothing() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try SmallFile.write("", to: directory + "/there/file")
        let path = directory + "/there"
        let write = #expect(throws: SystemError.self) { try SmallFile.write("x", to: path) }
        let link = #expect(throws: SystemError.self) { try SmallFile.link(to: "x", at: path) }
        #expect(write == SystemError("write", path, errno: EISDIR))
        #expect(link == SystemError("link", path, errno: EISDIR))
        #expect(try DirectoryListing.names(in: directory) == ["there"])
    }

    @Test func onlyAMissingDirectoryHasNoNames() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try SmallFile.write("", to: directory + "/file")
        #expect(try DirectoryListing.names(in: directory + "/nowhere") == [])
        let path = directory + "/file"
        #expect(throws: SystemError("read", path, errno: ENOTDIR)) { try DirectoryListing.names(in: path) }
    }
}

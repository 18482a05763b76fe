import Foundation
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

@testable import ImgbasedHost

@Suite(.enabled(if: HostSystem.isRoot, "only root can mount")) struct CarryListsTests {
    /// A shutdown can unmount Config before it is read.
    @Test func listsAreNotReadBeneathAMount() throws {
        let scratch = try Scratch()
        try scratch.write("config/files", "/below\n".utf8)
        let place = scratch("config")
        let error = #expect(throws: HostFailure.self) { try CarryLists.read(mountedAt: place) }
        #expect(error?.description.contains("is not mounted at '\(place)' any more") == true)
        try Helper.run("/usr/bin/mount", "-t", "tmpfs", "tmpfs", place)
        defer { _ = try? Helper.run("/usr/bin/umount", place) }
        try scratch.write("config/files", "/var/lib/mine\n".utf8)
        let lists = try CarryLists.read(mountedAt: place)
        #expect(lists.files != CarryLists().files && lists.files.problems.isEmpty)
        // An empty mount is read, too.
        try FileManager.default.removeItem(atPath: scratch("config/files"))
        #expect(try CarryLists.read(mountedAt: place).files == CarryLists().files)
        #expect(throws: HostFailure.self) { try CarryLists.read(mountedAt: scratch("none")) }
    }
}

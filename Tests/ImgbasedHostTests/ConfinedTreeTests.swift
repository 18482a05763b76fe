import CLinux
import Foundation
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

@Suite struct ConfinedTreeTests {
    @Test func replacesAFileAndKeepsItsAttributes() throws {
        let scratch = try Scratch()
        try scratch.write("etc/fstab", "old\n".utf8)
        try Helper.run("/bin/chmod", "640", scratch("etc/fstab"))
        let isSet = setxattr(scratch("etc/fstab"), "user.a", "1", 1, 0) == 0
        let tree = try ConfinedTree(scratch.path)
        try tree.replaceFile("/etc/fstab", contents: Array("new\n".utf8))
        #expect(scratch.read("etc/fstab") == Array("new\n".utf8))
        #expect(try Helper.run("/usr/bin/stat", "-c", "%a", scratch("etc/fstab")) == "640")
        #expect(getxattr(scratch("etc/fstab"), "user.a", nil, 0) == (isSet ? 1 : -1))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch("etc")) == ["fstab"])
    }

    @Test func makesDirectories() throws {
        let scratch = try Scratch()
        try ConfinedTree(scratch.path).replaceFile("/boot/loader/entries/x.conf", contents: [1])
        #expect(scratch.read("boot/loader/entries/x.conf") == [1])
        #expect(try Helper.run("/usr/bin/stat", "-c", "%a", scratch("boot/loader/entries/x.conf")) == "644")
    }

    @Test func removesWhatAnInterruptedReplacementLeft() throws {
        let scratch = try Scratch()
        try scratch.write("a", [1])
        try scratch.write(".a.imgbased-new", [9, 9])
        try ConfinedTree(scratch.path).replaceFile("/a", contents: [2])
        #expect(scratch.read("a") == [2])
        #expect(scratch.read(".a.imgbased-new") == nil)
    }

    @Test func noLinkLeadsOutside() throws {
        let scratch = try Scratch()
        try scratch.write("outside/secret", [1])
        try scratch.write("tree/etc/inside", [2])
        try scratch.link("tree/etc/absolute", to: "/etc/inside")
        try scratch.link("tree/etc/up", to: "../../outside/secret")
        try scratch.link("tree/etc/host", to: scratch("outside/secret"))
        try scratch.link("tree/etc/loop", to: "loop")
        try scratch.link("tree/dir", to: scratch("outside"))
        let tree = try ConfinedTree(scratch("tree"))
        #expect(try tree.read("/etc/absolute", limit: 10) == [2])
        #expect(try tree.read("/etc/up", limit: 10) == nil)
        #expect(try tree.read("/etc/host", limit: 10) == nil)
        #expect(try tree.read("/etc/../../outside/secret", limit: 10) == nil)
        #expect(try tree.names(in: "/dir") == [])
        #expect(throws: SystemError.self) { try tree.read("/etc/loop", limit: 10) }
        #expect(throws: SystemError.self) { try tree.replaceFile("/etc/loop", contents: [3]) }
        // A link is followed, within the tree.
        try tree.replaceFile("/etc/absolute", contents: [3])
        #expect(scratch.read("tree/etc/inside") == [3])
        _ = try? tree.replaceFile("/etc/host", contents: [4])
        _ = try? tree.replaceFile("/dir/secret", contents: [4])
        #expect(scratch.read("outside/secret") == [1])
    }

    @Test func moreNamesThanThereMayBeAreAnError() throws {
        let scratch = try Scratch()
        for name in ["a", "b", "c"] { try scratch.write("d/" + name, [1]) }
        let tree = try ConfinedTree(scratch.path)
        #expect(try tree.names(in: "/d", limit: 3).sorted() == ["a", "b", "c"])
        #expect(throws: SystemError("read", scratch("d"), reason: "it has too many names")) {
            try tree.names(in: "/d", limit: 2)
        }
        #expect(try tree.names(in: "/none") == [])
    }

    /// A file that is no directory replaces a directory during the reading.
    @Test func aDirectoryThatCannotBeReadIsNotAnEmptyOne() throws {
        let scratch = try Scratch()
        try scratch.write("d/a", [1])
        let directory = try #require(opendir(scratch("d")))
        defer { closedir(directory) }
        let other = open("/dev/null", O_RDONLY)
        defer { close(other) }
        dup2(other, dirfd(directory))
        let (name, error) = (imgbased_next_name(directory), imgbased_errno())
        #expect(name == nil && error == ENOTDIR)
    }

    @Test func opensNothingButPlainFiles() throws {
        let scratch = try Scratch()
        try Helper.run("/usr/bin/mkfifo", scratch("fifo"))
        let tree = try ConfinedTree(scratch.path)
        #expect(throws: SystemError.self) { try tree.read("/fifo", limit: 10) }
        #expect(throws: SystemError.self) { try tree.read("/", limit: 10) }
        try scratch.write("long", [1, 2, 3])
        #expect(throws: SystemError.self) { try tree.read("/long", limit: 2) }
    }

    @Test func removesADirectoryWithItsFilesAlone() throws {
        let scratch = try Scratch()
        let tree = try ConfinedTree(scratch.path)
        try scratch.write("a/file", [1])
        try scratch.link("link", to: "a")
        #expect(throws: SystemError.self) { try tree.removeDirectory("/link") }
        #expect(scratch.read("a/file") == [1])
        try tree.rename("/a", to: "b")
        try scratch.write("b/directory/file", [2])
        #expect(throws: SystemError.self) { try tree.removeDirectory("/b") }
        #expect(scratch.read("b/directory/file") == [2])
        try tree.removeDirectory("/b/directory")
        try tree.removeDirectory("/b")
        #expect(!Helper.exists(scratch("b")))
        // The directory does not exist.
        try tree.removeDirectory("/b")
    }

    /// A directory's default ACL counts like a umask.
    @Test func modesAreWhatTheyAreMeantToBe() throws {
        let scratch = try Scratch()
        try Helper.run("/usr/bin/setfacl", "-d", "-m", "u::rwx,g::-,o::-", scratch.path)
        try ConfinedTree(scratch.path).replaceFile("/config/a/file", contents: [1])
        try SmallFile.makeDirectory(scratch("run/motd.d"))
        try SmallFile.write("x", to: scratch("run/motd.d/imgbased"))
        let modes = try ["config", "config/a", "config/a/file", "run", "run/motd.d", "run/motd.d/imgbased"]
            .map {
                try Helper.run("/usr/bin/stat", "-c", "%a", scratch($0))
            }
        #expect(modes == ["755", "755", "644", "755", "755", "644"])
    }

    /// No other user can have the lock, or put a file in its place.
    @Test func theLockIsWhereNobodyElseCanWrite() throws {
        let scratch = try Scratch()
        try HostLock.take(scratch("run/lock")) {}.release()
        #expect(try Helper.run("/usr/bin/stat", "-c", "%a", scratch("run/lock")) == "600")
        try Helper.run("/bin/chmod", "1777", scratch("run"))
        #expect(throws: SystemError.self) { try HostLock.take(scratch("run/lock")) {}.release() }
        try Helper.run("/bin/chmod", "755", scratch("run"))
        try scratch.link("link", to: "run")
        #expect(throws: SystemError.self) { try HostLock.take(scratch("link/lock")) {}.release() }
    }

    @Test func oneAtATimeHasTheLock() throws {
        let scratch = try Scratch()
        let path = scratch("lock")
        let first = try HostLock.take(path) { Issue.record("nobody has the lock yet") }
        let waits = DispatchSemaphore(value: 0)
        let hasIt = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            let second = try? HostLock.take(path) { waits.signal() }
            second?.release()
            hasIt.signal()
        }
        #expect(waits.wait(timeout: .now() + 60) == .success)
        #expect(hasIt.wait(timeout: .now()) == .timedOut)
        first.release()
        #expect(hasIt.wait(timeout: .now() + 60) == .success)
    }
}

import ImgbasedCore
import ImgbasedHostCore
import Testing

@Suite struct TreePlanTests {
    @Test func filesGetAFileSystem() throws {
        var machine = FakeMachine()
        try machine.initialize()
        try machine.addBase()
        var state = machine.state
        let size = TreeSize(entries: 400_000, data: 1 << 30)
        let image = ImageDescription(
            path: "img", length: nil, allocated: nil,
            content: .tree(ImageTree(format: .tar, size: size, type: .ext4, uuid: "tree-uuid")))
        func plan(_ bytes: Bytes? = nil, _ type: FileSystemType? = nil) throws -> Plan {
            let planner = BasePlanner(name: nil, size: bytes, image: image, fileSystem: type)
            return try planner.plan(state, names: FakeMachine.names).0
        }
        let commands = try plan().lines().filter { $0.contains("+ ") }.map { String($0.drop { $0 == " " }) }
        #expect(
            commands[1].hasPrefix("+ /usr/sbin/mkfs.ext4 -q -F -b 4096 -U tree-uuid -E ")
                && commands[1].hasSuffix(" -N 601024 /dev/HostVG/Base-1"))
        guard case .createBase(_, _, let made) = try plan().prepare.first else {
            return #expect(Bool(false), "no volume")
        }
        #expect(made >= size.recommended)
        let steps = try plan(Bytes(3 << 30), .xfs).prepare
        #expect(steps.first == .createBase(steps.basePath, pool: "ImagePool", size: Bytes(3 << 30)))
        #expect(
            steps.suffix(2) == [
                .fillBase("img", .tar, to: steps.basePath, .xfs), .protectBase(steps.basePath),
            ])
        #expect(
            reason { _ = try plan(Bytes(1 << 30)) }
                == .tooSmall(
                    what: "a file system for these files", size: Bytes(1 << 30), needed: size.minimum(.ext4)))
        // More than the pool has; a part of the pool stays free.
        let index = try #require(state.volumes.firstIndex { $0.name == "ImagePool" })
        state.volumes[index].size = Bytes(2 << 30)
        state.volumes[index].usage = PoolUsage(
            data: 50, metadata: 1, metadataSize: Bytes(64 << 20), chunkSize: Bytes(64 << 10), zeroes: true)
        guard case .poolShort(_, let missing, of: "data") = reason({ _ = try plan() }) else {
            return #expect(Bool(false), "there is no room")
        }
        #expect(missing.count > 500 << 20)
        // A file that may have holes is named, and does not count if a size is given.
        var listing = TreeListing()
        listing.add(Array("-rw-r--r-- 0/0 375809638400 2026-11-25 02:43 ./var/log/lastlog".utf8))
        listing.add(Array("-rw-r--r-- 0/0 104857600 2026-11-25 02:43 ./etc/x".utf8))
        let holes = ImageDescription(
            path: "img", length: nil, allocated: nil,
            content: .tree(
                ImageTree(
                    format: .squashfs, size: listing.size, largest: listing.largest, type: .ext4, uuid: "u")))
        func planHoles(_ bytes: Bytes?) throws {
            _ = try BasePlanner(name: nil, size: bytes, image: holes).plan(state, names: FakeMachine.names)
        }
        guard case .poolShortOrHoles(_, _, _, let file) = reason({ try planHoles(nil) }) else {
            return #expect(Bool(false), "there is no room")
        }
        #expect(file == LargeFile(name: "./var/log/lastlog", size: Bytes(350 << 30)))
        try planHoles(Bytes(512 << 20))
        #expect(reason { try planHoles(Bytes(64 << 20)) } != nil)
        // The pool has less than 1 GiB, and the file system could fill its volume.
        guard case .poolShort = reason({ try planHoles(Bytes(1 << 30)) }) else {
            return #expect(Bool(false), "there is no room")
        }
        // An existing file system stays as it is.
        let raw = ImageDescription(
            path: "img", length: Bytes(1 << 30), allocated: nil, signature: FakeMachine.signature)
        let other = BasePlanner(name: nil, size: nil, image: raw, fileSystem: .xfs)
        #expect(
            reason { _ = try other.plan(state, names: FakeMachine.names) }
                == .otherFileSystem(image: "img", is: "ext4"))
    }
}

extension [Step] {
    /// The base that the steps make.
    fileprivate var basePath: VolumePath {
        for case .createBase(let path, _, _) in self { return path }
        return VolumePath(group: "", name: "")
    }
}

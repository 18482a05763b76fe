import Foundation
import Glibc
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

/// Operations on a layer's file system, on a loop device with the distribution's tools.
///
/// The device has the name of a volume, in a separate group for each test.
@Suite(.serialized) struct LayerFileSystemTests {
    static var missing: String? {
        if geteuid() != 0 { return "only root can mount" }
        for file in ["/dev/loop-control", "/usr/sbin/mkfs.xfs", "/usr/sbin/xfs_admin", "/usr/sbin/tune2fs"]
        where !Helper.exists(file) {
            return "there is no \(file)"
        }
        return nil
    }

    /// A loop device with the name of a volume.
    final class Device {
        let path: VolumePath
        private let loop: String

        /// A loop device of `image`, which is resized to `size` if given.
        init(_ image: String, size: String? = nil, isReadOnly: Bool = false) throws {
            if let size { try Helper.run("/usr/bin/truncate", "-s", size, image) }
            path = VolumePath(group: "imgbased-test-" + UUID().uuidString, name: "Base-0.1")
            loop = try Helper.run("/usr/sbin/losetup", isReadOnly ? "-fr" : "-f", "--show", image)
            try FileManager.default.createDirectory(
                atPath: "/dev/" + path.group, withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(atPath: path.device, withDestinationPath: loop)
        }

        deinit {
            try? FileManager.default.removeItem(atPath: "/dev/" + path.group)
            _ = try? Helper.run("/usr/sbin/losetup", "--detach", loop)
        }
    }

    /// An image with a layer's content, smaller than its volume.
    private func image(_ type: FileSystemType, _ scratch: Scratch) throws -> String {
        let image = scratch("image")
        try scratch.write("tree/etc/fstab", "UUID=of-image / ext4 noatime 0 0\n# keep\n".utf8)
        try scratch.write("tree/etc/os-release", "PRETTY_NAME=\"Debian \\\"12\\\"\"\n".utf8)
        try scratch.write("tree/boot/vmlinuz-6.1", [1, 2, 3])
        try scratch.write("tree/boot/initrd.img-6.1", [4, 5, 6])
        switch type {
        case .ext4:
            try Helper.run("/usr/bin/truncate", "-s", "32M", image)
            try Helper.run("/usr/sbin/mkfs.ext4", "-q", "-F", "-d", scratch("tree"), image)
            try Helper.run("/usr/bin/truncate", "-s", "48M", image)
        case .xfs:
            try Helper.run("/usr/bin/truncate", "-s", "320M", image)
            // mkfs.xfs takes a description of files, mkfs.ext4 a directory.
            try scratch.write(
                "proto",
                """
                /
                0 0
                d--755 0 0
                etc d--755 0 0
                fstab ---644 0 0 \(scratch("tree/etc/fstab"))
                $
                boot d--755 0 0
                vmlinuz-6.1 ---644 0 0 \(scratch("tree/boot/vmlinuz-6.1"))
                initrd.img-6.1 ---644 0 0 \(scratch("tree/boot/initrd.img-6.1"))
                $
                $

                """.utf8)
            try Helper.run("/usr/sbin/mkfs.xfs", "-q", "-f", "-p", scratch("proto"), image)
            try Helper.run("/usr/bin/truncate", "-s", "400M", image)
        }
        return image
    }

    private func run(_ steps: [Step]) async throws {
        var plan = Plan(goal: "test")
        plan.prepare = steps
        var executor = Executor(runner: CommandRunner())
        try await executor.run(plan)
    }

    @Test(
        .enabled(if: missing == nil, Comment(rawValue: missing ?? "")),
        arguments: [FileSystemType.ext4, .xfs])
    func aLayerGetsItsOwnFileSystem(type: FileSystemType) async throws {
        let scratch = try Scratch()
        let image = try image(type, scratch)
        let device = try Device(image)
        let before = try Helper.run("/usr/bin/sha256sum", image)
        let contents = try LayerProbe.contents(ofDevice: device.path.device, named: "Base-0.1", .untouched)
        #expect(try Helper.run("/usr/bin/sha256sum", image) == before, "looking changes nothing")
        #expect(contents.type == type)
        #expect(contents.fstab.starts(with: "UUID=of-image".utf8))
        if type == .ext4 { #expect(contents.release.prettyName == "Debian \"12\"") }

        let uuid = "11111111-2222-3333-4444-555555555555"
        let fstab = Array("\(device.path.device) / \(type.rawValue) noatime,discard 0 1\n# keep\n".utf8)
        try await run([
            .renewFileSystem(device.path, type: type, uuid: uuid),
            .makeLayerDirectory(device.path, type: type, path: "/config"),
            .replaceLayerFile(device.path, type: type, path: "/etc/fstab", contents: fstab),
            .installBootFiles(
                contents.files, from: .layer(device.path, type), directory: scratch("boot/imgbased")),
        ])
        #expect(
            try Helper.run("/usr/sbin/blkid", "-p", "-o", "value", "-s", "UUID", device.path.device) == uuid)
        #expect(scratch.read("boot/imgbased/\(contents.files.digest)/initrd") == [4, 5, 6])
        let after = try LayerProbe.contents(ofDevice: device.path.device, named: "Base-0.1", .readOnly)
        #expect(after.fstab == fstab)
        #expect(after.files == contents.files)
        let size = try #require(try ImageSource(device.path.device).description.signature).size
        #expect(size.count > (type == .ext4 ? 47 << 20 : 390 << 20), "it fills its volume")
        switch type {
        case .ext4: try Helper.run("/usr/sbin/e2fsck", "-f", "-n", device.path.device)
        case .xfs: try Helper.run("/usr/sbin/xfs_repair", "-n", device.path.device)
        }
        let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        #expect(!mounts.contains(device.path.group), "nothing stays mounted")
        // The same again, as after a power cut.
        try await run([.renewFileSystem(device.path, type: type, uuid: uuid)])
    }

    /// ext4 writes its superblock as two sectors, and a disk may write only one of them before a power cut.
    @Test(.enabled(if: missing == nil, Comment(rawValue: missing ?? "")))
    func aTornSuperblockIsRepaired() async throws {
        let scratch = try Scratch()
        let image = try image(.ext4, scratch)
        let disk = try FileHandle(forUpdating: URL(fileURLWithPath: image))
        try disk.seek(toOffset: 1024 + 512)
        try disk.write(contentsOf: Data(repeating: 0x55, count: 512))
        try disk.close()
        let device = try Device(image)
        #expect(throws: SystemError.self) {
            _ = try HostMount.mount(device.path.device, type: "ext4", .readOnly)
        }
        try await run([.repairFileSystem(device.path)])
        _ = try HostMount.mount(device.path.device, type: "ext4", .readOnly)
    }

    @Test(.enabled(if: missing == nil, Comment(rawValue: missing ?? "")))
    func whatIsMountedIsNotWrittenTo() async throws {
        let scratch = try Scratch()
        let image = try image(.ext4, scratch)
        let device = try Device(image)
        try await LayerFileSystemTests.whileMounted(device.path.device, at: scratch.path) {
            let error = #expect(throws: HostFailure.self) {
                let allowance = ImageAllowance(room: nil, chunkSize: Bytes(0), isSparse: false)
                _ = try ImageWriter(allowance).write(try ImageSource(image), to: device.path.device)
            }
            #expect(error?.description.contains("busy") == true)
        }
    }

    private static func whileMounted(_ device: String, at place: String, _ body: () throws -> Void)
        async throws
    {
        try FileManager.default.createDirectory(atPath: place + "/mnt", withIntermediateDirectories: true)
        try Helper.run("/usr/bin/mount", "-o", "ro", device, place + "/mnt")
        defer { _ = try? Helper.run("/usr/bin/umount", place + "/mnt") }
        try body()
    }

    @Test(.enabled(if: missing == nil, Comment(rawValue: missing ?? "")))
    func saysWhyADeviceCannotBeMounted() async throws {
        let scratch = try Scratch()
        let device = try Device(try image(.ext4, scratch))
        switch try? HostMount.mount(device.path.device, type: "xfs", .readOnly) {
        case nil: break
        case .some(_): Issue.record("it was mounted")
        }
        let error = await #expect(throws: CommandFailure.self) {
            try await run([.replaceLayerFile(device.path, type: .xfs, path: "/etc/fstab", contents: [])])
        }
        #expect(error?.description.hasPrefix("cannot test: cannot mount '\(device.path.device)'") == true)
    }

    @Test func aFailureSaysWhatTheToolSaid() async throws {
        let path = VolumePath(group: "imgbased-test", name: "none")
        let error = await #expect(throws: CommandFailure.self) {
            try await run([.renewFileSystem(path, type: .ext4, uuid: "x")])
        }
        let text = try #require(error?.description)
        #expect(
            text.hasPrefix(
                "cannot test: '/usr/sbin/e2fsck -f -y /dev/imgbased-test/none' ended with status 8: "))
        #expect(!text.contains("\n"))
    }
}

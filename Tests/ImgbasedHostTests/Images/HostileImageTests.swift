import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

@testable import ImgbasedHost

/// Wrong files at or beside an image: each is refused in time, in one line, and never ignored.
@Suite(.serialized, .enabled(if: ImageMaker.missing == nil, Comment(rawValue: ImageMaker.missing ?? "")))
struct HostileImageTests {
    // A pipe without a writer or a device is not waited for; a dangling link does not count as no file.
    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            ("mkfifo SHA256SUMS", "it is not a plain file"), ("mkdir SHA256SUMS", "it is not a plain file"),
            ("ln -s /dev/zero SHA256SUMS", "it is not a plain file"),
            ("ln -s gone SHA256SUMS", "it is a link that leads nowhere"),
            ("ln -s SHA256SUMS SHA256SUMS", "Too many levels of symbolic links"),
            ("truncate -s 1G SHA256SUMS", "it is longer than 16777216 bytes"),
        ])
    func aListThatIsNoneIsRefused(commands: String, reason: String) async throws {
        let maker = try ImageMaker()
        _ = try maker.image("ext4")
        try maker.shell(commands)
        let outcome = await maker.outcome()
        #expect(outcome.contains("SHA256SUMS' beside it cannot be read: \(reason)"), "\(outcome)")
    }

    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            ("mkfifo SHA256SUMS.gpg", "it is not a plain file"),
            ("ln -s /dev/zero SHA256SUMS.gpg", "it is not a plain file"),
            ("ln -s gone SHA256SUMS.gpg", "it is a link that leads nowhere"),
            ("ln -s SHA256SUMS.gpg SHA256SUMS.gpg", "Too many levels of symbolic links"),
            ("truncate -s 1G SHA256SUMS.gpg", "it is longer than 1048576 bytes"),
        ])
    func aSignatureThatIsNoneIsRefused(commands: String, reason: String) async throws {
        let maker = try ImageMaker()
        _ = try maker.image("ext4")
        try maker.shell("sha256sum image > SHA256SUMS; echo keys > trusted.gpg; \(commands)")
        let outcome = await maker.outcome()
        #expect(outcome.contains("SHA256SUMS.gpg' beside it cannot be read: \(reason)"), "\(outcome)")
    }

    // The pipe's writer is not waited for.
    @Test(.timeLimit(.minutes(5))) func aPipeIsRefusedBeforeItIsOpened() async throws {
        let maker = try ImageMaker()
        try maker.shell("mkfifo image; gpg --version >/dev/null; printf '\\231' > trusted.gpg")
        #expect(await maker.outcome().contains("a pipe has no signature"))
    }

    // The first reading finds small files, the second large ones: a server can do that.
    @Test func whatIsLargerWhenItIsReadAgainIsRefused() async throws {
        let maker = try ImageMaker()
        let source = try ImageSource(try maker.image("tar"), trust: maker.trust)
        try maker.shell("head -c 150M /dev/urandom > tree/etc/large; tar -C tree -cf - . > image")
        do {
            _ = try await BaseFromImageTests.add(source, maker, size: Bytes(256 << 20))
            Issue.record("it was accepted")
        } catch {
            #expect("\(error)".contains("it holds more than was listed"), "\(error)")
        }
    }

    @Test func aListMayBeLongAndALink() async throws {
        let maker = try ImageMaker()
        _ = try maker.image("ext4")
        try maker.shell(
            """
            for i in $(seq 30000); do printf '%064d  some/where/else-%d\n' 0 $i; done > list
            sha256sum image >> list; ln -s list SHA256SUMS
            """)
        #expect(await maker.outcome() == "accepted")
        try maker.shell("sed -i '$s/^......../00000000/' list")
        #expect(await maker.outcome().contains("SHA256SUMS beside it has 00000000"))
    }

    @Test(.timeLimit(.minutes(5))) func aToolThatHangsIsEnded() throws {
        let pipe = try HostPipe("nothing")
        let tool = try ImageTool(
            Command(.tar, ["--list", "--file", "-"]), for: "image", input: pipe.reader, ImageReporter())
        let error = #expect(throws: HostFailure.self) { try tool.finish(within: 1) }
        #expect(error?.description == "image 'image': tar did not end within 1 seconds")
        pipe.closeWriter()
    }

    @Test func aDeviceIsHeldWhileItIsRead() async throws {
        let maker = try ImageMaker()
        let loop = try LayerFileSystemTests.Device(try maker.image("ext4"))
        let device = loop.path.device
        try maker.scratch.shell("mkdir mnt; mount \(device) mnt")
        #expect(await maker.outcome(device).contains("it is mounted or otherwise in use"))
        // The namespace of another test may have a copy of the mount until that test's program ends. The kernel
        // sends no event when the device becomes free, so it is tried for a minute.
        let isFree = "python3 -c 'import os; os.open(\"\(device)\", os.O_EXCL)' 2>/dev/null"
        try maker.scratch.shell("umount mnt; for i in $(seq 600); do \(isFree) && break; sleep 0.1; done")
        do {
            let source = try ImageSource(device, trust: maker.trust)
            #expect(try maker.shell("mount \(device) mnt 2>&1 || true").contains("already mounted or"))
            let written = try await BaseFromImageTests.add(source, maker)
            #expect(try maker.shell("cmp \(device) \(written.device.path.device)") == "")
            // It can be the base that the changes to carry are compared with.
            try maker.shell("mount \(device) mnt; umount mnt")
            withExtendedLifetime(source) {}
        }
        withExtendedLifetime(loop) {}
    }

    @Test func aReadOnlyLoopDeviceIsReadWhileALiveSystemRunsFromIt() async throws {
        let maker = try ImageMaker()
        let loop = try LayerFileSystemTests.Device(try maker.image("ext4"), isReadOnly: true)
        let device = loop.path.device
        try maker.scratch.shell("mkdir mnt; mount -o ro \(device) mnt")
        #expect(throws: SystemError.self) { _ = try OpenFile(opening: device, O_RDONLY | O_EXCL) }
        let written = try await BaseFromImageTests.add(ImageSource(device, trust: maker.trust), maker)
        #expect(try maker.shell("cmp \(device) \(written.device.path.device)") == "")
        try maker.scratch.shell("umount mnt")
        // Any device can be made read-only while a file system writes to it.
        let other = try LayerFileSystemTests.Device(maker.scratch("image"))
        let place = other.path.device
        try maker.scratch.shell("mount \(place) mnt; blockdev --setro \(place)")
        let outcome = await maker.outcome(place)
        #expect(outcome.contains("it is mounted or otherwise in use"), "\(outcome)")
        try maker.scratch.shell("blockdev --setrw \(place); umount mnt")
        withExtendedLifetime((loop, other)) {}
    }

    // For each format: held by the unpacking tool, or by the reader.
    @Test(
        arguments: [("squashfs", nil), ("tar", nil), ("ext4", "zstd"), ("live", nil)] as [(String, String?)])
    func whateverIsOnItADeviceIsHeld(format: String, compressor: String?) async throws {
        let maker = try ImageMaker()
        let image = try maker.image(format, compressor)
        try maker.shell("truncate -s %4096 \(image)")
        let loop = try LayerFileSystemTests.Device(image)
        let device = loop.path.device
        let source = try ImageSource(device, trust: maker.trust)
        #expect(throws: SystemError.self) { _ = try OpenFile(opening: device, O_RDONLY | O_EXCL) }
        withExtendedLifetime((loop, source)) {}
    }

    // Each of 83 bytes of the superblock is changed in turn.
    @Test(arguments: ["ext4", "xfs"]) func aSuperblockThatWasChangedIsFound(type: String) async throws {
        let maker = try ImageMaker()
        let image = try maker.image(type)
        let start = type == "ext4" ? 1024 : 0
        let file = try OpenFile(opening: image, O_RDWR)
        for number in 0..<83 {
            let place = start + number * (type == "ext4" ? 12 : 6)
            let old = try file.read(upTo: 1, at: place)
            func put(_ byte: UInt8) throws {
                try withUnsafeBytes(of: byte) { try file.write($0, at: UInt64(place)) }
            }
            try put(old[0] ^ UInt8(1 << (number % 8)))
            let outcome = await maker.outcome()
            #expect(outcome != "accepted", "byte \(place)")
            try put(old[0])
        }
        #expect(await maker.outcome() == "accepted")
    }

    @Test func aSuperblockWithoutAChecksumIsLeftToTheTools() async throws {
        let maker = try ImageMaker()
        try maker.shell("truncate -s 40M image; mkfs.ext4 -q -F -O ^metadata_csum image")
        #expect(await maker.outcome() == "accepted")
        // The size of an inode. A copy of the superblock, which e2fsck uses, is intact.
        try maker.shell("printf '\\001' | dd of=image bs=1 seek=$((1024 + 88)) conv=notrunc status=none")
        let outcome = await maker.outcome()
        #expect(outcome.contains("dumpe2fs ended with status"), "\(outcome)")
        // The checksum of a group's descriptor.
        try maker.shell(
            "rm image; truncate -s 40M image; mkfs.ext4 -q -F -b 4096 image; printf x | dd of=image bs=1 seek=$((4096 + 30)) conv=notrunc status=none"
        )
        let other = await maker.outcome()
        #expect(
            other.contains("e2fsck says 'One or more block group descriptor checksums are invalid"),
            "\(other)")
    }

    @Test(arguments: [HostMount.Mode.readWrite, .readOnly, .untouched])
    func whatAFileSystemAsksForOnErrorsIsNotDone(mode: HostMount.Mode) throws {
        let scratch = try Scratch()
        try Helper.run("/usr/bin/truncate", "-s", "40M", scratch("image"))
        try Helper.run("/usr/sbin/mkfs.ext4", "-q", "-F", "-e", "panic", scratch("image"))
        let loop = try LayerFileSystemTests.Device(scratch("image"))
        let name = try #require(HostSystem.resolved(loop.path.device)?.split(separator: "/").last)
        let tree = try HostMount.mount(loop.path.device, type: "ext4", mode)
        let options = try SmallFile.read("/proc/fs/ext4/\(name)/options")
        #expect(options.contains("errors=remount-ro"), "\(options)")
        var status = statvfs()
        #expect(statvfs(tree.processPath, &status) == 0)
        // ST_NOSUID, ST_NODEV and ST_NOEXEC, of which Glibc's module hides two.
        let expected: UInt = 2 | 4 | 8
        #expect(status.f_flag & expected == expected)
        #expect(tree.usage.entries > 0)
        withExtendedLifetime(loop) {}
    }

    /// A tar with these attributes of /etc/file.
    private func archive(_ attributes: [String: String], _ maker: ImageMaker) throws {
        let records = attributes.map { "'\($0.key)': \($0.value)" }.joined(separator: ", ")
        try maker.shell(
            """
            cat > make.py <<'END'
            import tarfile, io
            out = tarfile.open("image", "w", format=tarfile.PAX_FORMAT)
            for name in ["etc", "usr", "etc/file"] + ["usr/%d" % n for n in range(2000)]:
                entry = tarfile.TarInfo(name); entry.mode = 0o755
                entry.type = tarfile.REGTYPE if "/" in name else tarfile.DIRTYPE
                entry.pax_headers = {\(records)} if name == "etc/file" else {"odd.word": "x"}
                out.addfile(entry, io.BytesIO(b""))
            out.close()
            END
            python3 make.py
            """)
    }

    // tar's later messages, one for each of 2,000 files, do not hide the error.
    @Test(arguments: [
        ("SCHILY.xattr.user.x", "'A' * 60000", "'user.x' extended attribute"),
        ("SCHILY.xattr.security.capability", "'junk'", "'security.capability' extended attribute"),
        ("SCHILY.xattr.bogus.x", "'x'", "'bogus.x' extended attribute"),
        ("SCHILY.acl.access", "'junk'", "Cannot acl_from_text"),
    ])
    func anAttributeThatCannotBeKeptIsRefused(key: String, value: String, reason: String) async throws {
        let maker = try ImageMaker()
        try archive([key: value], maker)
        let outcome = await maker.outcome()
        #expect(outcome.contains("cannot be kept: /usr/bin/tar: ") && outcome.contains(reason), "\(outcome)")
        try archive(["SCHILY.xattr.user.x": "'y'"], maker)
        #expect(await maker.outcome() == "accepted")
    }
}

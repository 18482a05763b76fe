import Foundation
import Glibc
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import Testing

/// Damaged or wrong images: one line tells the fault, and no image is accepted in part.
@Suite(.serialized, .enabled(if: ImageMaker.missing == nil, Comment(rawValue: ImageMaker.missing ?? "")))
struct BadImageTests {
    @Test(
        arguments: [
            // Each of these is 50,000 bytes short.
            ("ext4", nil, "and its file system has"), ("ext4", "gzip", "gzip ended with status 1"),
            ("ext4", "xz", "xz ended with status 1"), ("ext4", "zstd", "zstd ended with status 1"),
            ("live", nil, "unsquashfs ended with status 1"),
            ("squashfs", nil, "unsquashfs ended with status 1"),
            ("tar", nil, "tar ended with status 2"), ("tar", "xz", "xz ended with status 1"),
            ("squashfs", "gzip", "gzip ended with status 1"), ("oci", nil, "tar ended with status 2"),
            ("oci", "zstd", "zstd ended with status 1"),
        ] as [(String, String?, String)])
    func whatIsCutShortIsRefused(format: String, compressor: String?, reason: String) async throws {
        let maker = try ImageMaker()
        _ = try maker.image(format, compressor)
        try maker.shell("truncate -s -50000 image")
        #expect(await maker.outcome().contains(reason))
    }

    /// tar(1) takes these for whole: the file ends at the start of another file's head, or within its name.
    @Test(arguments: [0, 100])
    func aTarWithoutItsEndIsRefused(more: Int) async throws {
        let maker = try ImageMaker()
        _ = try maker.image("tar")
        try maker.shell(
            """
            end=$(LC_ALL=C tar -tRf image | sed -n 's/^block \\([0-9]*\\): \\*\\* Block of NULs.*/\\1/p')
            truncate -s $((end * 512 + \(more))) image; tar -tf image
            """)
        #expect(await maker.outcome().contains("it is cut off"))
    }

    @Test(arguments: [("ext4", "gzip"), ("ext4", "xz"), ("ext4", "zstd"), ("tar", "gzip")])
    func damageIsFound(format: String, compressor: String) async throws {
        let maker = try ImageMaker()
        _ = try maker.image(format, compressor)
        try maker.shell(
            "at=$(($(stat -c %s image) / 2)); head -c 64 /dev/urandom | dd of=image bs=1 seek=$at conv=notrunc status=none"
        )
        #expect(await maker.outcome().contains("\(compressor) ended with status 1"))
    }

    @Test func damagedBlobsAreFound() async throws {
        let maker = try ImageMaker()
        _ = try maker.image("oci-directory")
        try maker.shell(
            "blob=$(ls -S image/blobs/sha256/* | head -n 1); printf x | dd of=$blob bs=1 seek=4 conv=notrunc status=none"
        )
        #expect(await maker.outcome().contains("umoci ended with status"))
        try maker.shell("rm $(ls -S image/blobs/sha256/* | head -n 1)")
        #expect(await maker.outcome().contains("is missing, or not"))
        try maker.shell("echo '{' > image/index.json")
        #expect(await maker.outcome().contains("cannot be read as JSON"))
        try maker.shell("rm image/index.json; mkfifo image/index.json")
        #expect(await maker.outcome().contains("not a plain file"))
    }

    @Test(arguments: [
        ("gzip", "gzip ended with status 2"), ("xz", "xz ended with status 1"),
        ("zstd", "zstd ended with status 1"),
    ])
    func whatFollowsACompressedImageIsRefused(compressor: String, reason: String) async throws {
        let maker = try ImageMaker()
        _ = try maker.image("ext4", compressor)
        try maker.shell("echo garbage >> image")
        #expect(await maker.outcome().contains(reason))
    }

    @Test func whatFollowsAFileSystemIsPartOfTheImage() async throws {
        let maker = try ImageMaker()
        _ = try maker.image("ext4")
        try maker.shell("echo more >> image")
        let source = try ImageSource(maker.scratch("image"), trust: maker.trust)
        let written = try await BaseFromImageTests.add(source, maker)
        #expect(try maker.shell("sha256sum < image") == written.facts.digest + "  -")
        // If compressed, the length of the image is unknown, and the volume has the size of the file system.
        try maker.shell("head -c 4M /dev/urandom >> image; xz -0 image; mv image.xz image")
        #expect(await maker.outcome().contains("it is longer than the volume's"))
    }

    @Test(arguments: [
        ("true", "unknown"), ("head -c 1M /dev/zero > image", "unknown"), ("echo text > image", "unknown"),
        ("head -c 1M /dev/zero | gzip > image", "unknown"), ("gzip -n < /dev/null > image", "unknown"),
        ("mkfs.ext4 -q image 40M; gzip image; gzip < image.gz > image", "it is compressed twice"),
        ("truncate -s 10M image; echo 2048, | sfdisk -q image", "a disk with an MBR partition table"),
        (
            "truncate -s 10M image; echo 'label: gpt' | sfdisk -q image; xz -0 image; mv image.xz image",
            "a GPT partition table"
        ),
        ("mkdir x; echo > x/y; tar -cf image x", "there is no /etc or no /usr"),
        (
            "mkdir -p x/LiveOS; echo > x/LiveOS/squashfs.img; mksquashfs x image -quiet -no-progress",
            "give that"
        ),
        (
            "mkdir -p x/LiveOS; head -c 1M /dev/zero > x/LiveOS/rootfs.img; mksquashfs x image -quiet -no-progress",
            "no ext4 or xfs"
        ),
        ("mkdir image", "a directory without an OCI image"),
        (
            "head -c 96 /dev/zero > sq; printf hsqs > image; tail -c +5 sq >> image; printf '\\4' | dd of=image bs=1 seek=28 conv=notrunc status=none; head -c 90000 /dev/urandom >> image",
            "unsquashfs ended with status 1"
        ),
    ])
    func whatIsNoImageIsRefused(commands: String, reason: String) async throws {
        let maker = try ImageMaker()
        try maker.shell(
            "touch image; rm -f image; [ '\(commands == "true" ? 1 : 0)' = 0 ] || touch image\n" + commands)
        #expect(await maker.outcome().contains(reason))
    }

    @Test(
        arguments: [("ext4", nil), ("ext4", "xz"), ("squashfs", nil), ("tar", "gzip"), ("live", nil)]
            as [(String, String?)])
    func theListIsHeld(format: String, compressor: String?) async throws {
        let maker = try ImageMaker()
        _ = try maker.image(format, compressor)
        try maker.shell("sha256sum image > SHA256SUMS")
        #expect(await maker.outcome() == "accepted")
        try maker.shell("sed -i 's/^......../00000000/' SHA256SUMS")
        #expect(await maker.outcome().contains("SHA256SUMS beside it has 00000000"))
        try maker.shell("sed -i 's/image/other/' SHA256SUMS")
        #expect(await maker.outcome().contains("does not list it"))
    }

    // The journal has changes that the rest of the file system lacks.
    @Test(arguments: ["ext4", "live", "xfs"])
    func whatWasCopiedWhileMountedIsRefused(format: String) async throws {
        let maker = try ImageMaker()
        _ = try maker.image(format)
        let part = format == "live" ? "live/LiveOS/rootfs.img" : "image"
        let pack = format == "live" ? "rm image; mksquashfs live image -quiet -no-progress" : "true"
        try maker.shell(
            """
            mkdir mnt; mount \(part) mnt; echo late > mnt/late; sync -f mnt; cp \(part) copy; umount mnt
            mv copy \(part); \(pack)
            """)
        #expect(await maker.outcome().contains("mount and unmount it once"))
        try maker.shell("mount \(part) mnt; cat mnt/late; umount mnt; \(pack)")
        #expect(await maker.outcome() == "accepted")
    }

    @Test func aBaseThatChangedIsFound() async throws {
        let maker = try ImageMaker()
        let source = try ImageSource(try maker.image("ext4"), trust: maker.trust)
        let written = try await BaseFromImageTests.add(source, maker)
        let length = try #require(UInt64(written.facts.length))
        func verdict(_ length: UInt64) throws -> BaseVerifier.Verdict {
            try BaseVerifier.compare(
                written.device.path.device, digest: written.facts.digest, length: length, ImageReporter())
        }
        #expect(try verdict(length) == .unchanged)
        try maker.shell(
            "printf x | dd of=\(written.device.path.device) bs=1 seek=20000000 conv=notrunc status=none")
        guard case .changed(let reason) = try verdict(length) else {
            return #expect(Bool(false), "not found")
        }
        #expect(reason.contains("was \(written.facts.digest)"))
        #expect(try verdict(1 << 50) == .changed("it has 41943040 of \(1 << 50) bytes"))
    }

    @Test func progressGoesForward() async throws {
        let maker = try ImageMaker()
        let image = try maker.image("tar", "gzip")
        let seen = Seen()
        let source = try ImageSource(
            image, trust: maker.trust, reporter: ImageReporter(show: { seen.add($0) }))
        _ = try await BaseFromImageTests.add(source, maker)
        #expect(seen.phases == [.unpack, .list, .fill, .flush, .verify])
        let unpacked = try #require(seen.last(.unpack))
        #expect(unpacked.done == unpacked.total && unpacked.percent == 100)
    }

    /// The reported progress.
    private final class Seen: @unchecked Sendable {
        private var list: [ImageProgress] = []
        var phases: [ImageProgress.Phase] {
            list.map(\.phase).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
        }
        func add(_ progress: ImageProgress) { list.append(progress) }
        func last(_ phase: ImageProgress.Phase) -> ImageProgress? { list.last { $0.phase == phase } }
    }
}

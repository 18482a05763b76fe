import ImgbasedCore
import ImgbasedHostCore
import Testing

@testable import ImgbasedHost

/// Valid but unusual images.
@Suite(.serialized, .enabled(if: ImageMaker.missing == nil, Comment(rawValue: ImageMaker.missing ?? "")))
struct OddImageTests {
    // Through a pipe: for a file, zstd limits the window to the file's length.
    @Test func zstdMayHaveALargeWindow() async throws {
        let maker = try ImageMaker()
        _ = try maker.image("ext4")
        try maker.shell("cat image | zstd -q -1 --long=28 > x; mv x image")
        #expect(await maker.outcome() == "accepted")
    }

    @Test func layersMayHaveALargeWindow() async throws {
        let maker = try ImageMaker()
        try maker.shell(
            try #require(ImageMaker.formats["oci-zstd"]).replacing("zstd -q", with: "cat | zstd -q --long=28")
        )
        #expect(await maker.outcome() == "accepted")
    }

    @Test func aTarNeedsNoDirectories() async throws {
        let maker = try ImageMaker()
        try maker.shell("tar -C tree -cf image etc/os-release usr/bin/ping")
        #expect(await maker.outcome() == "accepted")
    }

    @Test func aToolThatIsKilledSaysNothingOfTheImage() throws {
        let command = Command(
            .tar,
            [
                "-cf", "/dev/null", "--checkpoint=1", "--checkpoint-action=exec=kill -9 $PPID", "-C", "/",
                "etc",
            ])
        let error = #expect(throws: HostFailure.self) {
            try ImageTool(command, for: "image", ImageReporter()).finish()
        }
        #expect(error?.description == "image 'image': tar was ended by signal 9")
    }

    @Test(.timeLimit(.minutes(5))) func whatAnInterruptedRunUnpackedGoesWithTheNextImage() async throws {
        let maker = try ImageMaker()
        let image = try maker.image("ext4")
        // mktemp(1) needs the X. The final name comes last, so that no other run takes an incomplete
        // directory.
        let left = try maker.shell(
            """
            left=$(mktemp -d /var/tmp/left-XXXXXX); echo >$left/x
            new=/var/tmp/imgbased-image-${left#*-}; mv $left $new; echo $new
            """)
        // Another test's run can be about to remove it.
        repeat { _ = try ImageSource(image, trust: maker.trust) } while Helper.exists(left)
    }

    @Test(arguments: ["squashfs", "tar"]) func holesNeedNoRoom(format: String) async throws {
        let maker = try ImageMaker()
        try maker.shell("truncate -s 2G tree/etc/lastlog")
        let source = try ImageSource(try maker.image(format), trust: maker.trust)
        let written = try await BaseFromImageTests.add(source, maker, size: Bytes(128 << 20))
        try looking(at: written.device.path.device, in: maker.scratch) { (place: String) throws in
            #expect(try maker.shell("stat -c '%s %b' seen/etc/lastlog") == "2147483648 0")
        }
    }
}

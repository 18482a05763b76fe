import Foundation
import ImgbasedCore
import ImgbasedHostCore
import Synchronization
import Testing

@testable import ImgbasedHost

/// The running system as a base, with a tree that changes while it is copied in the place of `/`.
@Suite(.serialized, .enabled(if: ImageMaker.missing == nil, Comment(rawValue: ImageMaker.missing ?? "")))
struct SystemCopyTests {
    /// The tree of `maker` as a system. `change` runs between the passes, and gets their number.
    private func source(
        _ maker: ImageMaker, _ copy: SystemCopy = SystemCopy(),
        _ change: @escaping @Sendable (Int) throws -> Void
    ) -> ImageSource {
        let passes = Mutex(0)
        let reporter = ImageReporter(show: { progress in
            guard progress.phase == .again else { return }
            let pass = passes.withLock { passes in
                passes += 1
                return passes
            }
            do { try change(pass) } catch { Issue.record(error) }
        })
        var tree = ImageTree(
            format: .system, size: TreeSize(entries: 100, data: 20 << 20), type: .ext4,
            uuid: UUID().uuidString.lowercased())
        tree.system = copy
        let description = ImageDescription(path: "/", length: nil, allocated: nil, content: .tree(tree))
        return ImageSource(system: description, root: maker.scratch("tree"), reporter: reporter)
    }

    @Test func changesDuringTheCopyArriveToo() async throws {
        let maker = try ImageMaker()
        try maker.shell(
            """
            mkdir -p tree/var/log tree/srv/old/deep tree/boot
            echo old >tree/srv/old/deep/file; echo 1 >tree/var/log/messages
            """)
        let source = source(maker) { pass in
            // A log may change in every pass.
            let log = "echo \(pass) >>tree/var/log/messages\n"
            let changes = """
                echo more >>tree/etc/one; rm tree/etc/attr; mv tree/srv/old tree/srv/new
                ln -s target tree/srv/link; rm tree/etc/absolute; mkdir tree/etc/absolute
                setfattr -n user.late -v x tree/etc/acl; chmod 600 tree/etc/acl

                """
            try maker.shell(pass == 1 ? changes + log : log)
        }
        let written = try await BaseFromImageTests.add(source, maker)
        let expected = try BaseFromImageTests.facts(maker.scratch("tree"), maker)
        #expect(expected.contains { $0.contains("security.capability") })
        try looking(at: written.device.path.device, in: maker.scratch) { (place: String) throws in
            let found = try BaseFromImageTests.facts(place, maker)
            let differences = found.symmetricDifference(expected).filter { !$0.contains("var/log/messages") }
            #expect(differences == [])
            #expect(try maker.shell("cat seen/var/log/messages").hasPrefix("1\n1"))
            #expect(try maker.shell("stat -c %i seen/etc/one") == maker.shell("stat -c %i seen/etc/two"))
            let blocks = try #require(Int(try maker.shell("stat -c %b seen/hole")))
            #expect(blocks * 512 < 1 << 20, "holes stay holes")
        }
        try maker.shell("e2fsck -fn \(written.device.path.device)")
    }

    @Test func aSystemThatNeverRestsIsNotCopied() async throws {
        let maker = try ImageMaker()
        let source = source(maker) { pass in
            try maker.shell("echo \(pass) >>tree/etc/secret")
        }
        let error = await #expect(throws: CommandFailure.self) {
            _ = try await BaseFromImageTests.add(source, maker)
        }
        #expect(
            error?.description.contains("files keep changing while they are copied: '/etc/secret'; stop the")
                == true)
    }

    @Test func aSwapFileStaysBehindAndAKernelComesAlong() async throws {
        let maker = try ImageMaker()
        try maker.shell(
            """
            head -c 1M /dev/urandom >tree/swap; printf '/swap none swap sw\\n/dev/x / ext4\\n' >tree/etc/fstab
            mkdir tree/boot; head -c 3M /dev/urandom >tree/boot/vmlinuz-6.1
            """)
        let copy = SystemCopy(bootFiles: ["/boot/vmlinuz-6.1"], swapFiles: ["/swap"])
        let written = try await BaseFromImageTests.add(source(maker, copy) { _ in }, maker)
        try looking(at: written.device.path.device, in: maker.scratch) { (_: String) throws in
            try maker.shell("cmp tree/boot/vmlinuz-6.1 seen/boot/vmlinuz-6.1; ! ls seen/swap")
            #expect(try maker.shell("cat seen/etc/fstab") == "/dev/x / ext4")
        }
    }
}

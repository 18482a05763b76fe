import Foundation
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

@testable import ImgbasedHost

@Suite struct BootFileStoreTests {
    private func layer(_ scratch: Scratch) throws -> BootFiles {
        try scratch.write("layer/boot/vmlinuz-6.1", [1, 2, 3])
        try scratch.write("layer/boot/initrd.img-6.1", Array(repeating: 7, count: 3 << 20))
        let pair = try #require(KernelChoice.newest(of: ["6.1"]))
        return try BootFileStore.files(pair, in: try ConfinedTree(scratch("layer")), layer: "Base-0.1")
    }

    @Test func storesAPairOnceByContent() throws {
        let scratch = try Scratch()
        let files = try layer(scratch)
        #expect(files.size == Bytes(3 + (3 << 20)))
        let store = BootFileStore(directory: scratch("boot/imgbased"))
        #expect(try store.digests().isEmpty)
        try scratch.write("boot/imgbased/.imgbased-new/linux", [0])
        let tree = try ConfinedTree(scratch("layer"))
        try store.install(files, from: tree)
        #expect(try store.digests() == [files.digest])
        #expect(store.verify(files.digest))
        #expect(scratch.read("boot/imgbased/\(files.digest)/linux") == [1, 2, 3])
        #expect(scratch.read("boot/imgbased/.imgbased-new/linux") == nil)
        // An administrator can check it.
        let sum = try Helper.run(
            "/bin/sh", "-c", "cd \(store.directory)/\(files.digest) && sha256sum linux initrd | sha256sum")
        #expect(sum.hasPrefix(files.digest))
        try store.install(files, from: tree)
        #expect(try store.digests() == [files.digest])
    }

    @Test func replacesADamagedPair() throws {
        let scratch = try Scratch()
        let files = try layer(scratch)
        let store = BootFileStore(directory: scratch("boot/imgbased"))
        try scratch.write("boot/imgbased/\(files.digest)/linux", [9])
        #expect(!store.verify(files.digest))
        try store.install(files, from: try ConfinedTree(scratch("layer")))
        #expect(store.verify(files.digest))
    }

    /// A half-removed directory no longer has the name of a whole one, and the next run removes the rest.
    @Test func whatGoesLosesItsNameFirst() throws {
        let scratch = try Scratch()
        let files = try layer(scratch)
        let store = BootFileStore(directory: scratch("boot/imgbased"))
        try store.install(files, from: try ConfinedTree(scratch("layer")))
        // A foreign file, which stops the removal.
        try scratch.write("boot/imgbased/\(files.digest)/directory/file", [1])
        #expect(throws: HostFailure.self) { try store.remove([files.digest]) }
        #expect(try store.digests().isEmpty)
        #expect(!Helper.exists(scratch("boot/imgbased/\(files.digest)")))
        #expect(Helper.exists(scratch("boot/imgbased/.staging/\(files.digest)")))
        try store.install(files, from: try ConfinedTree(scratch("layer")))
        #expect(store.verify(files.digest))
        try store.remove([files.digest])
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch("boot/imgbased/.staging")) == [])
        #expect(try store.digests().isEmpty)
        // 'imgbase recover' removes files like this.
        try scratch.write("boot/imgbased/.staging/left", [1])
        try store.remove([".staging/left", files.digest])
        #expect(!Helper.exists(scratch("boot/imgbased/.staging/left")))
    }

    /// Everything in the directory goes, whatever its type; targets of links stay.
    @Test func emptiesItsOwnDirectoryAlone() throws {
        let scratch = try Scratch()
        let files = try layer(scratch)
        let directory = scratch("boot/imgbased")
        let staging = directory + "/.staging"
        let store = BootFileStore(directory: directory)
        try scratch.write("boot/imgbased/.staging/a/b/c", [1])
        try scratch.write("others/file", [1])
        try scratch.link("boot/imgbased/.staging/link", to: scratch("others"))
        try ConfinedTree("/").removeBootDirectory(staging + "/a", staging: staging)
        #expect(try FileManager.default.contentsOfDirectory(atPath: staging) == [])

        try FileManager.default.removeItem(atPath: staging)
        try scratch.link("boot/imgbased/.staging", to: scratch("others"))
        let said = #expect(throws: HostFailure.self) {
            try store.install(files, from: try ConfinedTree(scratch("layer")))
        }
        #expect(said?.description.hasSuffix("cannot use '\(staging)': it is a link; remove it") == true)
        let menu = directory + "/menu.cfg"
        try scratch.write("boot/imgbased/menu.cfg", [1])
        for path in [staging + "/file", menu] {
            #expect(throws: SystemError.self) {
                try ConfinedTree("/").removeBootDirectory(path, staging: staging)
            }
            #expect(throws: SystemError.self) { try ConfinedTree("/").removeBootFile(path, staging: staging) }
        }
        #expect(throws: SystemError.self) {
            try ConfinedTree("/").replaceBootFile(menu, contents: [2, 3], staging: staging)
        }
        #expect(scratch.read("boot/imgbased/menu.cfg") == [1])
        #expect(scratch.read("others/file") == [1])
    }

    /// A directory with the right name and the wrong content is no bootable kernel.
    @Test func countsByContent() throws {
        let scratch = try Scratch()
        let files = try layer(scratch)
        var state = HostState()
        state.boot.directory = scratch("boot")
        try scratch.write("boot/imgbased/\(files.digest)/linux", [1, 2, 3])
        let store = BootFileStore(directory: scratch("boot/imgbased"))
        state.boot.digests = try store.digests()
        #expect(state.boot.digests == [files.digest])
        #expect(BootFileStore.checked(state, for: files).boot.digests.isEmpty)
        try store.install(files, from: try ConfinedTree(scratch("layer")))
        #expect(BootFileStore.checked(state, for: files).boot.digests == [files.digest])
    }

    @Test func looksForKernelAndInitramfsWhereTheyCanBe() throws {
        let scratch = try Scratch()
        try scratch.write("layer/usr/lib/modules/6.10/vmlinuz", [1])
        try scratch.write("layer/boot/vmlinuz-6.9", [2])
        let tree = try ConfinedTree(scratch("layer"))
        let error = #expect(throws: HostFailure.self) {
            try LayerProbe.contents(of: tree, type: .ext4, named: "Base-0.1")
        }
        #expect(
            error?.description.contains("there is no initramfs for kernel 6.10 in 'Base-0.1'; build it there")
                == true)
        try scratch.write("layer/boot/initramfs-6.10.img", [3])
        try scratch.write("layer/usr/lib/os-release", "PRETTY_NAME=\"Fedora\"\n".utf8)
        try scratch.write("layer/usr/lib/kernel/cmdline", "quiet root=x\n".utf8)
        let contents = try LayerProbe.contents(of: tree, type: .xfs, named: "Base-0.1")
        #expect(contents.files.linux == "/usr/lib/modules/6.10/vmlinuz")
        #expect(contents.files.initrd == "/boot/initramfs-6.10.img")
        #expect(contents.release.prettyName == "Fedora")
        #expect(contents.arguments?.foreign.words == ["quiet"])
        #expect(contents.fstab.isEmpty)
        let empty = try ConfinedTree(scratch.path)
        let none = #expect(throws: HostFailure.self) {
            try LayerProbe.contents(of: empty, type: .ext4, named: "Base-0.1")
        }
        #expect(none?.description.contains("there is no kernel in 'Base-0.1'") == true)
    }
}

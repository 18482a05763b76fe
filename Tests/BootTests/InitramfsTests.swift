import Foundation
import TestMachine
import Testing

/// What dracut put into the initramfs.
@Suite struct InitramfsTests {
    @Test("the initramfs holds the helper and no lvm2")
    func content() throws {
        let files = try HostCommand.run(
            "sh", "-c", "zstd -dcq \"$1\" | cpio --quiet -t", "sh", Artefacts.image.initramfs
        ).split(separator: "\n")
        #expect(files.contains("usr/bin/imgbase-initrd"))
        #expect(files.contains { $0.hasSuffix("/dm-thin-pool.ko") })
        for name in ["lvm", "lvchange", "lvm_scan", "dmeventd"] {
            #expect(!files.contains { $0.hasSuffix("/" + name) })
        }
        #expect(!files.contains { $0.contains("liblvm") || $0.contains("/etc/lvm/") })
    }

    @Test("a missing piece fails the build of the initramfs, and says what is missing")
    func missingPiece() throws {
        try RootTree.with { tree in
            let add = ["--no-compress", "--add", "imgbased", "--omit", "lvm kernel-modules"]
            try tree.makeInitramfs(add)
            let driver = "/lib/modules/\(tree.kernelVersion)/kernel/drivers/md/dm-thin-pool.ko"
            for (piece, says) in [
                (driver, "a kernel module"), ("/usr/lib/imgbased/imgbase-initrd", "imgbase-initrd"),
            ] {
                try FileManager.default.moveItem(atPath: tree.path + piece, toPath: tree.path + "/piece")
                let error = #expect(throws: MachineError.self) { try tree.makeInitramfs(add) }
                #expect(
                    "\(String(describing: error))".contains("imgbased: cannot put \(says) into the initramfs")
                )
                try FileManager.default.moveItem(atPath: tree.path + "/piece", toPath: tree.path + piece)
            }
        }
    }
}

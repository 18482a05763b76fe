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
}

import Foundation
import TestMachine
import Testing

/// The content of the initramfs that dracut makes.
@Suite struct InitramfsTests {
    @Test("The initramfs holds the programs and modules that the helper uses, and no lvm2")
    func content() throws {
        try expectContent(of: Artefacts.image.initramfs)
    }

    @Test("A hostonly initramfs made on a host with other file systems holds the same files")
    func hostonly() throws {
        try RootTree.with { tree in
            try tree.makeInitramfs([
                "--hostonly", "--compress", "zstd -T0 -3", "--add", "imgbased", "--omit", "lvm",
            ])
            try expectContent(of: tree.path + RootTree.initramfs)
        }
    }

    /// DracutTests tests that the helper loads these modules.
    @Test("Compressed modules stay compressed in the initramfs")
    func compressed() throws {
        let files = try files(in: Initramfs.plain.file())
        for module in ["dm-thin-pool.ko.xz", "dm-persistent-data.ko.xz", "dm-bufio.ko.zst", "xfs.ko.zst"] {
            #expect(files.contains { $0.hasSuffix("/" + module) })
        }
        #expect(!files.contains { $0.hasSuffix(".ko") })
    }

    private func files(in initramfs: String) throws -> [Substring] {
        try HostCommand.run(
            "sh", "-c", "zstd -dcqf \"$1\" | cpio --quiet -t", "sh", initramfs
        ).split(separator: "\n")
    }

    private func expectContent(of initramfs: String) throws {
        let files = try files(in: initramfs)
        #expect(files.contains("usr/bin/imgbase-initrd"))
        for tool in ["thin_check", "thin_ls", "e2fsck"] { #expect(files.contains("usr/sbin/\(tool)")) }
        for driver in ["dm-thin-pool", "xfs", "overlay"] {
            #expect(files.contains { $0.hasSuffix("/\(driver).ko") })
        }
        for name in ["lvm", "lvchange", "lvm_scan", "dmeventd"] {
            #expect(!files.contains { $0.hasSuffix("/" + name) })
        }
        #expect(!files.contains { $0.contains("liblvm") || $0.contains("/etc/lvm/") })
    }

    /// dracut's waits, by its own functions; dracut 106 has the root as a device before our hook runs.
    @Test("dracut does not wait for the device of root=, however root= names it")
    func waits() throws {
        try RootTree.with { tree in
            try tree.run(
                "sh", "-c",
                """
                cp /usr/lib/dracut/modules.d/99base/dracut-*lib.sh /lib/
                printf '#!/bin/sh\\nexit 0\\n' >/usr/bin/imgbase-initrd
                chmod +x /usr/bin/imgbase-initrd
                . /lib/dracut-lib.sh
                set -e
                mkdir -p "$hookdir/initqueue/finished" "$hookdir/emergency" /etc/cmdline.d
                for root in /dev/HostVG/Base-0 block:/dev/HostVG/Base-0 UUID=0b3a 'LABEL=a b' block:/dev/disk/by-uuid/0b3a; do
                    wait_for_dev "$(label_uuid_to_dev "$root")"
                    [ "$(find "$hookdir" -type f | wc -l)" = 2 ]
                    . /usr/lib/dracut/modules.d/50imgbased/parse-imgbased.sh
                    [ "$root" = imgbased ]
                    find "$hookdir" -type f
                    [ -z "$(find "$hookdir" -type f)" ]
                done
                """)
        }
    }

    /// dracut builds an initramfs at every kernel update, even if imgbased is installed and unused.
    @Test("A missing file ends the build of an initramfs only if the initramfs is to boot layers")
    func missingPiece() throws {
        try RootTree.with { tree in
            let without = ["--no-compress", "--omit", "lvm kernel-modules"]
            let driver = "/lib/modules/\(tree.kernelVersion)/kernel/drivers/md/dm-thin-pool.ko"
            let entry = tree.path + "/boot/loader/entries/imgbased-Base-0.1.conf"
            for (piece, name) in [
                (driver, "the kernel module 'dm_thin_pool'"),
                ("/usr/lib/imgbased/imgbase-initrd", "imgbase-initrd"),
            ] {
                try FileManager.default.moveItem(atPath: tree.path + piece, toPath: tree.path + "/piece")
                // First on request, as in an image; then on a host with a layer.
                let asked = #expect(throws: MachineError.self) {
                    try tree.makeInitramfs(without + ["--add", "imgbased"])
                }
                #expect("\(String(describing: asked))".contains("imgbased: \(name) is missing"))
                try tree.run(
                    "sh", "-c",
                    "mkdir -p /boot/loader/entries; : >/boot/loader/entries/imgbased-Base-0.1.conf")
                let layered = #expect(throws: MachineError.self) { try tree.makeInitramfs(without) }
                #expect(
                    "\(String(describing: layered))".contains(
                        "imgbased: cannot put \(name) into the initramfs"))
                try FileManager.default.removeItem(atPath: entry)
                if piece == driver {
                    try tree.makeInitramfs(without)
                    let files = try files(in: tree.path + RootTree.initramfs)
                    #expect(files.contains("usr/bin/systemctl") && !files.contains { $0.contains("imgbase") })
                }
                try FileManager.default.moveItem(atPath: tree.path + "/piece", toPath: tree.path + piece)
            }
        }
    }
}

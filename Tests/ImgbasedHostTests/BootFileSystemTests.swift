import Foundation
import Glibc
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

/// Files for a boot loader, on file systems of loop devices.
///
/// GRUB's own code reads the device while the file system is mounted and its journal not replayed.
@Suite(.serialized) struct BootFileSystemTests {
    static var missing: String? {
        if geteuid() != 0 { return "only root can mount" }
        for file in ["/dev/loop-control", "/usr/sbin/mkfs.xfs", "/usr/bin/grub-fstest", "/usr/sbin/fsfreeze"]
        where !Helper.exists(file) {
            return "there is no \(file)"
        }
        return nil
    }

    /// A mounted file system with a GRUB directory.
    final class Boot {
        let scratch: Scratch
        let image: String
        let path: String
        var staging: String { path + "/imgbased/.staging" }

        init(_ type: String, _ options: String = "loop") throws {
            scratch = try Scratch()
            image = scratch("image")
            path = scratch("mnt")
            try Helper.run("/usr/bin/truncate", "-s", type == "xfs" ? "320M" : "64M", image)
            try Helper.run("/usr/sbin/mkfs." + type, "-q", image)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try Helper.run("/usr/bin/mount", "-o", options, image, path)
            try scratch.write("mnt/grub/grub.cfg", "first\n".utf8)
            try scratch.write("mnt/grub/imgbased.env", Array(repeating: UInt8(ascii: "#"), count: 1024))
            try HostFlush.bootFileSystem(path)
        }

        deinit {
            _ = try? Helper.run("/usr/bin/umount", path)
        }

        func replace(_ name: String, _ text: String) throws {
            try ConfinedTree("/").replaceBootFile(path + name, contents: Array(text.utf8), staging: staging)
        }

        /// The content that GRUB reads; `nil` if GRUB finds no such file.
        func read(_ name: String) -> String? {
            // The file system writes to the image; GRUB's tool reads it.
            try? Helper.run("/usr/bin/grub-fstest", image, "cat", "(loop0)" + name)
        }

        func inode(_ name: String) throws -> String {
            try Helper.run("/usr/bin/stat", "-c", "%i", path + name)
        }

        func left() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: staging)
        }
    }

    @Test(
        .enabled(if: missing == nil, Comment(rawValue: missing ?? "")),
        arguments: [("ext4", "loop"), ("ext4", "loop,data=journal"), ("ext2", "loop"), ("xfs", "loop")])
    func whatIsReplacedIsThereForGRUB(type: String, options: String) throws {
        let boot = try Boot(type, options)
        #expect(boot.read("/grub/grub.cfg") == "first")
        try Helper.run("/bin/chmod", "600", boot.path + "/grub/grub.cfg")
        try boot.scratch.write("mnt/imgbased/.staging/left", [1])
        let inode = try boot.inode("/grub/grub.cfg")
        try boot.replace("/grub/grub.cfg", "second and longer\n")
        #expect(boot.read("/grub/grub.cfg") == "second and longer")
        #expect(try boot.inode("/grub/grub.cfg") != inode)
        #expect(try Helper.run("/usr/bin/stat", "-c", "%a", boot.path + "/grub/grub.cfg") == "600")
        #expect(try boot.left() == [])
        // The first file of its name.
        try boot.replace("/grub/imgbased.cfg", "new\n")
        #expect(boot.read("/grub/imgbased.cfg") == "new")
        try ConfinedTree("/").removeBootFile(boot.path + "/grub/imgbased.cfg", staging: boot.staging)
        #expect(boot.read("/grub/imgbased.cfg") == nil)
        #expect(boot.read("/grub/grub.cfg") == "second and longer")
        #expect(try boot.left() == [])
        // The file does not exist.
        try ConfinedTree("/").removeBootFile(boot.path + "/grub/imgbased.cfg", staging: boot.staging)
    }

    /// The file that GRUB writes to keeps its place, and the rest of it does not change.
    @Test(
        .enabled(if: missing == nil, Comment(rawValue: missing ?? "")),
        arguments: ["ext4", "xfs"])
    func whatIsInOneSectorIsWrittenInPlace(type: String) throws {
        let boot = try Boot(type)
        let name = "/grub/imgbased.env"
        func blocks() throws -> String { try Helper.run("/usr/sbin/filefrag", "-v", boot.path + name) }
        let before = (try boot.inode(name), try blocks())
        func block(_ text: String, at place: Int = 0) -> String {
            let head = String(repeating: "#", count: place) + text
            return head + String(repeating: "#", count: 1024 - head.utf8.count)
        }
        for text in [
            block("a=1\n"), block("b=2\n", at: 300), block(""), block("c=3\n", at: 900),
            block("c=3\n", at: 900),
        ] {
            try boot.replace(name, text)
            #expect(boot.read(name) == text)
        }
        #expect((try boot.inode(name), try blocks()) == before)
        // Two sectors, another length, a second name: no longer one write.
        for text in [block("x\n", at: 400), block("y\n", at: 900), "short\n"] {
            let inode = try boot.inode(name)
            try boot.replace(name, text)
            #expect(try boot.inode(name) != inode)
        }
        try Helper.run("/bin/ln", boot.path + name, boot.path + "/copy")
        try boot.replace(name, "Short\n")
        #expect(boot.read(name) == "Short")
        #expect(boot.read("/copy") == "short")
    }

    /// A link is followed, as its author intends.
    @Test(.enabled(if: missing == nil, Comment(rawValue: missing ?? "")))
    func aLinkIsFollowed() throws {
        let boot = try Boot("ext4")
        try boot.scratch.write("mnt/elsewhere/grub.cfg", [1])
        try Helper.run("/bin/ln", "-sf", "../elsewhere/grub.cfg", boot.path + "/grub/grub.cfg")
        try boot.replace("/grub/grub.cfg", "new\n")
        #expect(boot.read("/elsewhere/grub.cfg") == "new")
        #expect(boot.scratch.read("mnt/grub/grub.cfg") == Array("new\n".utf8))
    }

    /// An administrator who froze a file system thaws it.
    @Test(.enabled(if: missing == nil, Comment(rawValue: missing ?? "")))
    func whatCannotBeFrozenIsAnError() throws {
        let boot = try Boot("xfs")
        try Helper.run("/usr/sbin/fsfreeze", "--freeze", boot.path)
        defer { _ = try? Helper.run("/usr/sbin/fsfreeze", "--unfreeze", boot.path) }
        let error = #expect(throws: SystemError.self) { try HostFlush.bootFileSystem(boot.path) }
        #expect(error?.description.hasPrefix("cannot freeze the file system of '\(boot.path)': ") == true)
        // It is still frozen: it can be thawed.
        try Helper.run("/usr/sbin/fsfreeze", "--unfreeze", boot.path)
        try HostFlush.bootFileSystem(boot.path)
        #expect(throws: Helper.Failed.self) { try Helper.run("/usr/sbin/fsfreeze", "--unfreeze", boot.path) }
    }

    private static let source =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path + "/Sources/CLinux"

    /// If a program is killed while it freezes the file system, the file system is thawed.
    ///
    /// Much data to write first makes the freeze slow enough to see: the kernel shows the system call,
    /// `FIFREEZE`.
    @Test(
        .enabled(
            if: missing == nil && Helper.exists("/usr/bin/gcc"), "only root, with a C compiler, can do this"))
    func whoeverIsKilledLeavesNothingFrozen() throws {
        let boot = try Boot("xfs")
        try boot.scratch.write(
            "main.c",
            """
            #include "CLinux.h"
            static char data[1 << 20];
            int main(int argc, char **argv)
            {
                int directory = open(argv[argc - 1], O_RDONLY);
                int file = openat(directory, "dirty", O_WRONLY | O_CREAT, 0600);
                for (int i = 0; i < 128; i++)
                    if (write(file, data, sizeof data) < 0)
                        return 1;
                return imgbased_freeze_and_thaw(directory, 20000);
            }
            """.utf8)
        let program = boot.scratch("freezes")
        try Helper.run(
            "/usr/bin/gcc", "-I", Self.source + "/include", "-o", program, boot.scratch("main.c"),
            Self.source + "/freeze.c")
        for _ in 1...5 {
            try Helper.run(
                "/usr/bin/bash", "-euc",
                """
                end=$((SECONDS + 120)); doing=
                until [[ $doing == *0xc0045877* ]]; do
                  # Start it, or restart it if it ended unseen.
                  [[ $doing ]] || { "$1" "$2" & process=$!; }
                  doing=; read -r doing 2>/dev/null </proc/$process/syscall || true
                  ((SECONDS < end))
                done
                kill -KILL $process
                wait $process || true
                # Its watchers have the same name.
                while pgrep -xf "$1 $2" >/dev/null; do ((SECONDS < end)); sleep 0.1; done
                """, "bash", program, boot.path)
            // EINVAL: nothing to thaw.
            let error = #expect(throws: Helper.Failed.self) {
                try Helper.run("/usr/sbin/fsfreeze", "--unfreeze", boot.path)
            }
            #expect(error?.description.contains("Invalid argument") == true)
        }
    }
}

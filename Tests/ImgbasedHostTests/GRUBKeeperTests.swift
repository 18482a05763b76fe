import Foundation
import Testing

/// `grub/09_imgbased`, the program by which grub-mkconfig keeps the layers in the menu or out of it.
@Suite struct GRUBKeeperTests {
    private static let ours = """
        ### BEGIN /etc/grub.d/09_imgbased ###
        function imgbased_whole {
        ### END /etc/grub.d/09_imgbased ###

        """
    private static let begun = "### BEGIN /etc/grub.d/00_header ###\n### END /etc/grub.d/00_header ###\n"
    private static let ended = "### BEGIN /etc/grub.d/10_linux ###\n### END /etc/grub.d/10_linux ###\n"

    @Test(
        "grub-mkconfig changes nothing about the layers, and makes a lost menu with them",
        arguments: [
            (begun + ours + ended, true, true),
            // grub.cfg was made by 'imgbase install'.
            ("set timeout=5\n" + ours, true, true),
            // Nobody has asked for them, or somebody asked to take them out.
            (begun + ended, false, false), (begun + ended, true, false),
            // A host without grub.cfg, or one that was lost or cut short.
            (nil, false, false), (nil, true, true), ("", true, true), (begun, true, true),
            (String(repeating: "\0", count: 512), true, true),
        ])
    func prints(config: String?, hasLayers: Bool, isPrinted: Bool) throws {
        let scratch = try Scratch()
        let project = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let program = try String(contentsOf: project.appending(path: "grub/09_imgbased"), encoding: .utf8)
        for directory in ["grub", "grub2"] {
            try scratch.shell("mkdir -p \(scratch("boot"))\(hasLayers ? "/imgbased" : "")")
            if let config { try scratch.write("boot/\(directory)/grub.cfg", config.utf8) }
            try scratch.write("lib/layers.cfg", "layers".utf8)
            try scratch.write(
                "program",
                program.replacing("/boot/", with: scratch("boot/"))
                    .replacing("/usr/lib/imgbased/", with: scratch("lib/")).utf8)
            #expect(try scratch.shell("sh program 2>&1") == (isPrinted ? "layers" : ""))
            try scratch.shell("rm -r boot")
        }
    }
}

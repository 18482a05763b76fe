import Foundation
import TestMachine

/// The sizes that our module and dracut's lvm module add to an initramfs, without kernel modules.
enum InitramfsBench {
    private static let others = "crypt mdraid multipath dmraid lvmmerge lvmthinpool-monitor"

    /// Labels and sizes in bytes, the helper's own size first.
    static func run() throws -> [(name: String, bytes: Int)] {
        try RootTree.with { tree in
            func size(adding: String, omitting: String) throws -> Int {
                try tree.makeInitramfs([
                    "--no-kernel", "--compress", "zstd -19 -T0", "--add", adding,
                    "--omit", "\(omitting) \(others)",
                ])
            }
            let without = try size(adding: "", omitting: "imgbased lvm dm")
            let helper = try FileManager.default.attributesOfItem(
                atPath: tree.path + "/usr/lib/imgbased/imgbase-initrd")
            return [
                ("imgbase-initrd itself, as it is on disk", helper[.size] as? Int ?? 0),
                (
                    "imgbased, with the dm module it needs",
                    try size(adding: "imgbased", omitting: "lvm") - without
                ),
                ("lvm, with the dm module it needs", try size(adding: "lvm", omitting: "imgbased") - without),
                ("both", try size(adding: "imgbased lvm", omitting: "") - without),
            ]
        }
    }
}

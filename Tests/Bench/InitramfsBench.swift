import Foundation
import TestMachine

/// How much our module and dracut's lvm module add to an initramfs.
enum InitramfsBench {
    /// Names and bytes, the helper's own size first.
    static func run() throws -> [(name: String, bytes: Int)] {
        let tree = try RootImage.tree()
        let work = NSTemporaryDirectory() + "imgbased-bench-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: work) }
        let products = work + "/products"
        try HostCommand.run("make", "-C", BuildDirectory.project, "-s", "install", "DESTDIR=" + products)
        let output = try HostCommand.run(
            "unshare", "--mount", "--propagation", "private",
            BuildDirectory.project + "/Tests/Bench/Guest/initramfs-sizes", tree, products, work,
            within: .minutes(10))
        var sizes: [String: Int] = [:]
        for line in output.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2 { sizes[String(words[0])] = Int(words[1]) }
        }
        guard let without = sizes["without"], let ours = sizes["imgbased"], let lvm = sizes["lvm"],
            let both = sizes["both"]
        else { throw BenchError(description: "no sizes:\n\(output)") }
        let helper = products + "/usr/lib/imgbased/imgbase-initrd"
        let size = try FileManager.default.attributesOfItem(atPath: helper)[.size] as? Int ?? 0
        return [
            ("imgbase-initrd itself, as it is on disk", size),
            ("imgbased, with the dm module it needs", ours - without),
            ("lvm, with the dm module it needs", lvm - without),
            ("both", both - without),
        ]
    }
}

import Foundation
import TestMachine

/// systemd-boot on a state of the ESP: its rules, applied to files that mtools reads.
///
/// Firmware and Linux read the same content. Linux checks the ESP before the mount.
final class SystemdBootView: BootLoaderView {
    private let part: String
    private let scratch: String
    private var views: [UInt64: BootView] = [:]
    private var digests: [String: String] = [:]
    private let limit = Duration.minutes(1)

    init(of state: DiskState, part: String, scratch: String) throws {
        (self.part, self.scratch) = (part, scratch)
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    }

    func look(at state: DiskState, layers: [String]) throws -> BootView {
        let seen = try state.identity(of: part)
        if let known = views[seen] { return known }
        let image = scratch + "/esp"
        let copy = try state.copy(part, to: image)
        var view = try look(in: image, state)
        // Status 1 is "errors corrected": the ESP was not unmounted.
        let (checked, told) = try HostCommand.result(["fsck.vfat", "-a", image], within: limit)
        let (again, found) = try HostCommand.result(["fsck.vfat", "-n", image], within: limit)
        if checked > 1 || again != 0 {
            view.damage = "fsck.vfat: " + (checked > 1 ? told : found).suffix(200)
        }
        _ = copy
        let after = try look(in: image, nil)
        if after.unattended?.entry != view.unattended?.entry || after.menu.keys != view.menu.keys {
            view.undone = "fsck.vfat has changed what is booted to \(after.unattended?.entry ?? "nothing")"
        }
        views[seen] = view
        return view
    }

    private func look(in image: String, _ state: DiskState?) throws -> BootView {
        var view = BootView()
        let directory = "::/loader/entries"
        let (_, list) = try HostCommand.result(
            ["mdir", "-i", image, "-b", directory + "/"], within: limit)
        var entries: [SystemdBootEntry] = []
        for path in list.split(separator: "\n").map(String.init) where path.hasSuffix(".conf") {
            let (_, text) = try HostCommand.result(["mtype", "-i", image, path], within: limit)
            let entry = SystemdBootEntry(name: String(path.split(separator: "/").last ?? ""), text: text)
            // Skip entries without a kernel.
            guard let kernel = entry.kernel, try exists(kernel, in: image) else { continue }
            entries.append(entry)
        }
        entries.sort { $0.isBefore($1) }
        view.screen = entries.map(\.identifier).joined(separator: " ")
        for entry in entries.reversed() {
            let kernel = entry.kernel ?? ""
            let initramfs = entry.initramfs ?? ""
            let start = BootView.Start(
                entry: entry.identifier, kernel: kernel, kernelDigest: try digest(of: kernel, image, state),
                initramfs: initramfs, initramfsDigest: try digest(of: initramfs, image, state),
                arguments: entry.options)
            view.unattended = start
            view.menu[String(entry.identifier.dropFirst("imgbased-".count))] = start
        }
        return view
    }

    private func exists(_ path: String, in image: String) throws -> Bool {
        try HostCommand.result(["mdir", "-i", image, "-b", "::" + path], within: limit).status == 0
    }

    /// SHA-256 of a file, cached by the positions and the content of its clusters.
    private func digest(of path: String, _ image: String, _ state: DiskState?) throws -> String {
        guard let state else { return "" }
        let (status, text) = try HostCommand.result(
            ["mshowfat", "-i", image, "::" + path], within: limit)
        guard status == 0 else { return "missing" }
        let clusters = text.split(separator: "<").dropFirst().compactMap { run -> ClosedRange<Int>? in
            let numbers = run.prefix { $0 != ">" }.split(separator: "-").compactMap { Int($0) }
            guard let first = numbers.first, let last = numbers.last, first <= last else { return nil }
            return first...last
        }
        let places = try sectors(clusters, in: image)
        let content = try state.identity(of: part) { sector in places.contains { $0.contains(sector) } }
        let size = try HostCommand.result(["mdir", "-i", image, "::" + path], within: limit).output
        let key = "\(text) \(content) \(size)"
        if let known = digests[key] { return known }
        let script = "set -o pipefail; mtype -i \"$1\" \"$2\" | sha256sum"
        let (read, sum) = try HostCommand.result(
            ["bash", "-c", script, "bash", image, "::" + path], within: limit)
        digests[key] = read == 0 ? String(sum.prefix(64)) : "unreadable"
        return digests[key] ?? ""
    }

    /// The sectors of `clusters`, by the file system's header (Microsoft: FAT32 File System Specification).
    private func sectors(_ clusters: [ClosedRange<Int>], in image: String) throws -> [Range<Int>] {
        let head = try RawFile(image).read(0..<WriteLog.sector)
        func number(_ offset: Int, _ count: Int) -> Int {
            head[offset..<offset + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        let scale = number(11, 2) / WriteLog.sector
        let table = number(22, 2) == 0 ? number(36, 4) : number(22, 2)
        let root = (number(17, 2) * 32 + number(11, 2) - 1) / max(1, number(11, 2))
        let data = (number(14, 2) + number(16, 1) * table + root) * scale
        let size = number(13, 1) * scale
        return clusters.map { data + ($0.lowerBound - 2) * size..<data + ($0.upperBound - 1) * size }
    }
}

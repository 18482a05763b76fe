import Foundation
import TestMachine

/// A kind of damage to a disk, to test the judge. The judge can only exclude damage that it notices.
struct Damage: Sendable {
    /// The disk to damage.
    struct Target {
        let state: DiskState
        /// The names of the partitions.
        let boot: String
        let group: String
        /// The boot to damage.
        let start: BootView.Start
        let plan: DevicePlan
        let scratch: String
    }

    let name: String
    let apply: @Sendable (Target) throws -> Void

    /// All kinds of damage.
    static let all = records + kernels + metadata + pools + layers

    private static let records = [
        files("the menu and its copy are empty", menus) { "sif \($0) size 0" },
        files("of the menu and its copy only the first block is left", menus) { "sif \($0) size 1024" },
        files("the menu and its copy are gone", menus) { "unlink \($0)" },
        files("GRUB's own configuration is empty", ["/grub/grub.cfg"]) { "sif \($0) size 0" },
        Damage("the menu names a layer that there is not") { target in
            try target.change(menus, from: "rd.imgbased.layer=Base-0.1 ", to: "rd.imgbased.layer=Base-9.1 ")
        },
        Damage("the menu gives a layer another argument") { target in
            try target.change(menus, from: " ro ", to: " rw ")
        },
        Damage("the record is zeros") { target in
            for sectors in try ExtBlocks(of: target.image).sectors(ofFile: record) {
                try target.clear(sectors, of: target.boot)
            }
        },
        Damage("the record names another layer") { target in
            try target.change([record], from: "default=Base-0.1", to: "default=Base-0.2")
        },
        Damage("the superblock of /boot is gone") { try $0.clear(2..<4, of: $0.boot) },
    ]

    private static let kernels = [
        edit("the kernel is cut short") { "sif \($0.kernel) size 4096" },
        edit("the kernel is gone") { "unlink \($0.kernel)" },
        edit("the initramfs is empty") { "sif \($0.initramfs) size 0" },
        Damage("a byte of the initramfs is another") { target in
            let name = target.start.initramfs.replacing("(hd0)", with: "")
            guard let sectors = try ExtBlocks(of: target.image).sectors(ofFile: name).last else { return }
            try target.flip(sectors.lowerBound * WriteLog.sector, of: target.boot)
        },
    ]

    private static let metadata = [
        Damage("the label of the physical volume is gone") { try $0.clear(1..<2, of: $0.group) },
        Damage("the heads of both metadata areas are gone") { target in
            try target.clear(8..<9, of: target.group)
            try target.clear(target.secondArea, of: target.group)
        },
        Damage("the texts of both metadata areas are gone") { target in
            try target.clear(9..<2048, of: target.group)
            try target.clear(target.secondArea.dropFirst(), of: target.group)
        },
    ]

    private static let pools = [
        Damage("the superblock of the pool is gone") { target in
            let first = target.plan.metadata[0].place
            try target.clear(first..<first + 8, of: target.group)
        },
        pool("the pool does not know the layer") { lines, target in
            let begin = "dev_id=\"\(target.plan.number)\""
            let parts = lines.split { $0.contains("</device>") }
            return parts.dropLast().filter { !$0.contains { $0.contains(begin) } }
                .flatMap { $0 + ["</device>"] } + (parts.last ?? [])
        },
        pool("the pool maps the layer to another place") { lines, target in
            var isIn = false
            return lines.map { line in
                if line.contains("<device ") { isIn = line.contains("dev_id=\"\(target.plan.number)\"") }
                guard isIn, line.contains("origin_block=\"0\"") || line.contains("origin_begin=\"0\"") else {
                    return line
                }
                return line.replacing(#/data_(begin|block)="\d+"/#) { "data_\($0.output.1)=\"60000\"" }
            }
        },
        pool("the pool has done other transactions than lvm2 knows of") { lines, _ in
            lines.map { $0.replacing(#/transaction="5"/#, with: "transaction=\"9\"") }
        },
    ]

    // A lost superblock alone is no damage: the helper makes e2fsck use a backup copy.
    private static let layers = [
        Damage("the inodes of the layer are gone") { target in
            // The first inode table is in the first blocks of the file system.
            try target.clear(target.place(ofBlock: 1, sectors: 0..<64), of: target.group)
        }
    ]

    // MARK: Making damage

    /// The menu, and the menu with all layers, which GRUB uses if the first is damaged.
    private static let menus = ["/grub/imgbased.cfg", "/imgbased/menu.cfg"]
    private static let record = "/grub/imgbased.env"

    private init(_ name: String, _ apply: @escaping @Sendable (Target) throws -> Void) {
        (self.name, self.apply) = (name, apply)
    }

    /// Applies a command of debugfs to the existing ones of `files` in /boot.
    private static func files(
        _ name: String, _ files: [String], _ command: @escaping @Sendable (String) -> String
    ) -> Damage {
        Damage(name) { target in
            let copy = try target.state.copy(target.boot, to: target.scratch + "/damaged")
            for file in files where try !ExtBlocks(of: copy.path).sectors(ofFile: file).isEmpty {
                try HostCommand.run("debugfs", "-w", "-R", command(file), copy.path)
            }
            try target.take(copy)
        }
    }

    /// Applies a command of debugfs to the kernel and the initramfs of the boot.
    private static func edit(
        _ name: String, _ command: @escaping @Sendable ((kernel: String, initramfs: String)) -> String
    ) -> Damage {
        Damage(name) { target in
            func path(_ name: String) -> String { name.replacing("(hd0)", with: "") }
            let command = command((path(target.start.kernel), path(target.start.initramfs)))
            let copy = try target.state.copy(target.boot, to: target.scratch + "/damaged")
            try HostCommand.run("debugfs", "-w", "-R", command, copy.path)
            try target.take(copy)
        }
    }

    /// Rewrites the text of thin_dump for the pool's metadata.
    private static func pool(
        _ name: String, _ change: @escaping @Sendable ([String], Target) -> [String]
    ) -> Damage {
        Damage(name) { target in
            let segment = target.plan.metadata[0]
            let place = segment.place * WriteLog.sector..<(segment.place + segment.count) * WriteLog.sector
            let (image, text) = (target.scratch + "/damaged", target.scratch + "/damaged.xml")
            let copy = try RawFile(image, makingSize: place.count)
            try target.state.file(target.group).copy(place, to: copy, at: 0)
            let old = try HostCommand.run("thin_dump", image).split(separator: "\n").map(String.init)
            let new = change(old, target)
            guard new != old else { throw MachineError.unexpected("'\(name)' changes nothing") }
            try new.joined(separator: "\n").write(toFile: text, atomically: false, encoding: .utf8)
            try HostCommand.run("thin_restore", "-i", text, "-o", image)
            try target.state.write(copy.read(0..<place.count), to: target.group, at: place.lowerBound)
        }
    }
}

extension Damage.Target {
    /// The image of /boot.
    fileprivate var image: String { get throws { try state.file(boot).path } }

    /// The sectors of the second metadata area of the physical volume, from its header on.
    ///
    /// The label tells the position (lvm2: lib/format_text/layout.h, pv_header).
    fileprivate var secondArea: Range<Int> {
        get throws {
            let label = [UInt8](try state.file(group).read(512..<1024))
            func number(at offset: Int) -> Int {
                (0..<8).reduce(0) { $0 | Int(label[offset + $1]) << (8 * $1) }
            }
            // After the header of the label, the identifier and the size come pairs of offset and size: data
            // areas up to a 0, then metadata areas.
            let areas = stride(from: 72, to: 496, by: 16).map { (number(at: $0), number(at: $0 + 8)) }
            guard let end = areas.firstIndex(where: { $0.0 == 0 }), end + 2 < areas.count,
                areas[end + 2].0 > 0
            else { throw MachineError.unexpected("the physical volume has no second metadata area") }
            let first = areas[end + 2].0 / WriteLog.sector
            return first..<first + areas[end + 2].1 / WriteLog.sector
        }
    }

    fileprivate func clear(_ sectors: Range<Int>, of part: String) throws {
        try state.write(
            [UInt8](repeating: 0, count: sectors.count * WriteLog.sector), to: part,
            at: sectors.lowerBound * WriteLog.sector)
    }

    fileprivate func flip(_ offset: Int, of part: String) throws {
        let byte = try state.file(part).read(offset..<offset + 1)[0]
        try state.write([byte ^ 1], to: part, at: offset)
    }

    /// Replaces each `old` in `files` of /boot in place by `new`, which has the same length.
    fileprivate func change(_ files: [String], from old: String, to new: String) throws {
        var isChanged = false
        for file in files {
            for sectors in try ExtBlocks(of: image).sectors(ofFile: file) {
                let bytes = sectors.lowerBound * WriteLog.sector..<sectors.upperBound * WriteLog.sector
                let before = try state.file(boot).read(bytes)
                var after = before
                while let range = after.firstRange(of: Array(old.utf8)) {
                    after.replaceSubrange(range, with: Array(new.utf8))
                }
                guard !DiskState.isEqual(before, after) else { continue }
                try state.write(after, to: boot, at: bytes.lowerBound)
                isChanged = true
            }
        }
        guard isChanged else { throw MachineError.unexpected("none of \(files) has '\(old)'") }
    }

    /// Writes the changed `copy` back to the partition of /boot.
    fileprivate func take(_ copy: RawFile) throws {
        let (file, size) = (try state.file(boot), 1 << 16)
        for offset in stride(from: 0, to: file.size, by: size) {
            let (old, new) = (
                try file.read(offset..<offset + size), try copy.read(offset..<offset + size)
            )
            if !DiskState.isEqual(old, new) { try state.write(new, to: boot, at: offset) }
        }
    }

    /// The position on the physical volume of `sectors` of a block of the layer.
    fileprivate func place(ofBlock block: Int, sectors: Range<Int>) throws -> Range<Int> {
        let segment = plan.metadata[0]
        let place = segment.place * WriteLog.sector..<(segment.place + segment.count) * WriteLog.sector
        let copy = try RawFile(scratch + "/damaged", makingSize: place.count)
        try state.file(group).copy(place, to: copy, at: 0)
        let pool = ThinMetadata(try HostCommand.run("thin_dump", copy.path))
        let runs = pool.volumes[plan.number] ?? []
        guard let run = runs.first(where: { ($0.origin..<$0.origin + $0.count).contains(block) }),
            let data = plan.data.first
        else { throw MachineError.unexpected("block \(block) of the layer is nowhere") }
        let start = data.place + (run.data + block - run.origin) * pool.blockSectors
        return start + sectors.lowerBound..<start + sectors.upperBound
    }
}

import Foundation
import TestMachine

/// GRUB on a state of /boot: Debian's GRUB as a program, with its own drivers, on the raw partition.
///
/// As on a real machine, GRUB does not replay the journal.
///
/// The program lacks the commands that load a kernel: functions of the same name print their arguments.
final class GRUBView: BootLoaderView {
    /// The name of the part with /boot.
    private let part: String
    private let scratch: String
    private let limit = Duration.seconds(60)
    private let fileSystem: BootFileSystem
    /// The sectors of the journal, which GRUB never reads.
    private let journal: [Range<Int>]
    /// The sectors of large files, which are read only for digests.
    private let bulk: [Range<Int>]
    private var views: [String: (BootView, isWritten: Bool)] = [:]
    private var settled: [UInt64: Settled] = [:]
    private var digests: [String: String] = [:]
    /// The digests of files in the current state, by path.
    private var digestsNow: [String: String] = [:]

    /// The state of /boot after the system has replayed the journal.
    private struct Settled {
        var isRewritten = false
        var undone: String?
        var damage: String?
    }

    /// The texts that end the output: a prompt for a person, or the last word of the functions.
    private static let ends = ["grub> ", "Press any key", "@end@"]

    init(of state: DiskState, part: String, scratch: String) throws {
        self.part = part
        self.scratch = scratch
        let image = try state.file(part).path
        fileSystem = try BootFileSystem(of: image)
        journal = try fileSystem.journal(of: image)
        bulk = try GRUBFile.largeFiles(in: image).flatMap { try GRUBFile($0, in: image).sectors }
            .sorted { $0.lowerBound < $1.lowerBound }
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        try GRUBView.makeStarter(scratch, name: "unattended", layer: nil)
    }

    /// Runs GRUB on `state`, unattended and with the entries of `layers`, then replays the journal.
    func look(at state: DiskState, layers: [String]) throws -> BootView {
        let seen = "\(try state.identity(of: part, without: journal)) \(layers)"
        let (view, isWritten) = try views[seen] ?? look(layers, state)
        views[seen] = (view, isWritten)
        let whole = try state.identity(of: part)
        let found = try settled[whole] ?? settle(state, isWritten)
        settled[whole] = found
        var result = view
        result.isRewritten = found.isRewritten
        (result.undone, result.damage) = (found.undone, found.damage)
        return result
    }

    private func look(_ layers: [String], _ state: DiskState) throws -> (BootView, isWritten: Bool) {
        var view = BootView()
        digestsNow = [:]
        let copy = try copy(state)
        let before = copy.time
        (view.unattended, view.screen) = try start("unattended", state)
        let isWritten = copy.time != before
        for layer in layers {
            try GRUBView.makeStarter(scratch, name: "menu-\(layer)", layer: layer)
            if isWritten { _ = try self.copy(state) }
            let (start, _) = try self.start("menu-\(layer)", state)
            if let start, start.entry == "imgbased-" + layer { view.menu[layer] = start }
        }
        return (view, isWritten)
    }

    /// The findings after the system booted from `state` has replayed the journal over GRUB's writes.
    private func settle(_ state: DiskState, _ isWritten: Bool) throws -> Settled {
        let copy = try copy(state)
        let isPending = try isWritten && fileSystem.isPending(in: copy.path)
        var written: String?
        if isWritten {
            digestsNow = [:]
            _ = try start("unattended", state)
            written = try record(in: copy.path)
        }
        var result = Settled(isRewritten: isPending, damage: try fileSystem.settle(copy.path))
        guard let written else { return result }
        let found = try record(in: copy.path)
        if found != written { result.undone = "GRUB wrote '\(written)', the system finds '\(found)'" }
        return result
    }

    /// The text of the record in `image`, without a replay of the journal.
    private func record(in image: String) throws -> String {
        let text = try GRUBFile("/grub/imgbased.env", in: image).text
        return text.split(separator: "\n").filter { $0.hasPrefix("imgbased_") }.sorted().joined(
            separator: " ")
    }

    private var image: String { scratch + "/boot" }

    private func copy(_ state: DiskState) throws -> RawFile {
        try state.copy(part, to: image, omitting: bulk)
    }

    // MARK: Starting

    /// Makes a file system whose GRUB configuration defines the missing commands, then loads the disk's.
    private static func makeStarter(_ scratch: String, name: String, layer: String?) throws {
        let files = FileManager.default
        let (tree, image) = ("\(scratch)/\(name).tree", "\(scratch)/\(name).starter")
        guard !files.fileExists(atPath: image) else { return }
        try files.createDirectory(atPath: tree + "/grub", withIntermediateDirectories: true)
        let pick = layer.map { "set default='imgbased-\($0)'" } ?? ""
        try """
        function linux {
          if [ -s "$1" ]; then true; else
            echo "error: file '$1' not found."
            return 1
          fi
          echo "@entry@${chosen}@"
          for imgbased_word in "$@"; do
            echo "@word@${imgbased_word}@"
          done
        }
        function initrd {
          if [ -s "$1" ]; then true; else
            echo "error: file '$1' not found."
            return 1
          fi
          echo "@initrd@$1@"
          echo "@end@"
          exit
        }
        set prefix=(hd0)/grub
        set root=hd0
        source "${prefix}/grub.cfg"
        set timeout=0
        \(pick)

        """.write(toFile: tree + "/grub/grub.cfg", atomically: false, encoding: .utf8)
        _ = try RawFile(image, makingSize: 1 << 20)
        try HostCommand.run("mkfs.ext4", "-q", "-O", "^has_journal", "-d", tree, image)
    }

    private func start(
        _ starter: String, _ state: DiskState
    ) throws -> (start: BootView.Start?, screen: String) {
        let map = scratch + "/device.map"
        try "(hd0) \(image)\n(hd1) \(scratch)/\(starter).starter\n"
            .write(toFile: map, atomically: false, encoding: .utf8)
        let (_, output) = try HostCommand.result(
            ["grub-emu", "-m", map, "-d", "/grub", "-r", "hd1"], upTo: GRUBView.ends, within: limit,
            environment: ["TERM": "linux", "LC_ALL": "C.UTF-8"])
        // The terminal breaks long lines; join them.
        let text = output.replacingOccurrences(
            of: "\u{1B}\\[[0-9;?]*[a-zA-Z]", with: "", options: .regularExpression
        ).filter { !$0.isNewline }
        guard text.contains("@end@") else { return (nil, String(text.suffix(600))) }
        // The last layer counts: earlier ones did not load.
        let last = text.components(separatedBy: "@entry@").last ?? ""
        func values(_ key: String) -> [String] {
            last.components(separatedBy: "@\(key)@").dropFirst().map { String($0.prefix { $0 != "@" }) }
        }
        let words = values("word")
        guard let kernel = words.first, let initramfs = values("initrd").first else {
            return (nil, String(text.suffix(600)))
        }
        let start = BootView.Start(
            entry: String(last.prefix { $0 != "@" }), kernel: kernel,
            kernelDigest: try digest(of: kernel, state), initramfs: initramfs,
            initramfsDigest: try digest(of: initramfs, state), arguments: Array(words.dropFirst()))
        return (start, text)
    }

    /// SHA-256 of a file as GRUB reads it, cached by the file's sectors and their content.
    private func digest(of path: String, _ state: DiskState) throws -> String {
        if let known = digestsNow[path] { return known }
        let digest = try digest(anew: path, state)
        digestsNow[path] = digest
        return digest
    }

    private func digest(anew path: String, _ state: DiskState) throws -> String {
        let file = GRUBFile(path.replacing("(hd0)", with: ""), in: try state.file(part).path)
        let places = try file.sectors
        guard !places.isEmpty else { return "unreadable" }
        let content = try state.identity(of: part) { sector in places.contains { $0.contains(sector) } }
        let key = "\(places) \(content)"
        if let known = digests[key] { return known }
        let digest = try file.digest
        digests[key] = digest
        return digest
    }
}

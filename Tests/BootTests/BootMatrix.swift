import Foundation
import Synchronization
import TestMachine
import Testing

/// A kind of host: a cell of the boot matrix.
struct HostKind: Hashable, Sendable, CustomTestStringConvertible {
    enum Loader: String, CaseIterable, Sendable {
        case grubBIOS = "GRUB, BIOS"
        case grubUEFI = "GRUB, UEFI"
        case systemdBoot = "systemd-boot"
    }
    enum Disks: String, CaseIterable, Sendable {
        case plain = "one disk"
        case luks = "LUKS"
        case two = "two disks"
    }

    var release: DebianTree
    var loader: Loader
    /// Whether the initramfs has systemd.
    var hasSystemd: Bool
    /// The file system of the layer.
    var fileSystem: String
    var disks: Disks

    /// The values in words, in the order of the table's columns.
    var words: [String] {
        [
            release.rawValue, loader.rawValue, hasSystemd ? "systemd" : "no systemd", fileSystem,
            disks.rawValue,
        ]
    }
    var testDescription: String { words.joined(separator: ", ") }
    var firmware: Firmware { loader == .grubBIOS ? .bios : .uefi }
    var initramfs: Initramfs {
        switch (hasSystemd, disks) {
        case (true, .luks): .crypt
        case (true, _): .ordinary
        case (false, .luks): .plainCrypt
        case (false, _): .plain
        }
    }
}

/// The kinds of hosts that are booted.
enum BootMatrix {
    /// Every kind.
    static let all: [HostKind] = {
        var kinds: [HostKind] = []
        for release in [DebianTree.bookworm, .trixie] {
            for loader in HostKind.Loader.allCases {
                for hasSystemd in [true, false] {
                    for fileSystem in ["ext4", "xfs"] {
                        for disks in HostKind.Disks.allCases {
                            kinds.append(
                                HostKind(
                                    release: release, loader: loader, hasSystemd: hasSystemd,
                                    fileSystem: fileSystem, disks: disks))
                        }
                    }
                }
            }
        }
        return kinds
    }()

    /// A selection in which every two values of different columns occur together.
    static let pairwise: [HostKind] = {
        var missing = Set(all.flatMap(pairs))
        var selection: [HostKind] = []
        while !missing.isEmpty {
            // The first of the kinds with the most missing pairs, so that the selection is always the same.
            let counts = all.map { missing.intersection(pairs(of: $0)).count }
            guard let most = counts.max(), let index = counts.firstIndex(of: most) else { break }
            selection.append(all[index])
            missing.subtract(pairs(of: all[index]))
        }
        return selection
    }()

    /// The pairs of values in `kind`.
    static func pairs(of kind: HostKind) -> [[String]] {
        let words = kind.words
        return words.indices.flatMap { first in
            words.indices.filter { $0 > first }.map { [words[first], words[$0]] }
        }
    }
}

/// The table of the hosts booted in this run, a line each, in the order of the selection.
final class MatrixTable: Sendable {
    private let lines = Mutex<[HostKind: String]>([:])

    /// Notes that `kind` booted, and writes the table to `file`.
    func add(_ kind: HostKind, seconds: Int, to file: String) throws {
        let text = lines.withLock { lines in
            lines[kind] = "| " + (kind.words + ["\(seconds) s"]).joined(separator: " | ") + " |"
            return BootMatrix.pairwise.compactMap { lines[$0] }.joined(separator: "\n")
        }
        let head =
            "| release | boot loader | initramfs | layer | disks | installed and booted |\n|---|---|---|---|---|---|\n"
        try (head + text + "\n").write(toFile: file, atomically: true, encoding: .utf8)
    }
}

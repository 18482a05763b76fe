import ImgbasedCore

/// The order to make a base of the running root file system.
public struct SystemCopy: Hashable, Sendable {
    /// The thin volume that holds the root; the base is then a snapshot of it, and no file is copied. `nil`
    /// if the files are copied.
    public var origin: VolumePath?
    /// The paths of a kernel and its initramfs in the file system of `/boot`. The base gets copies of them,
    /// since a base has its own kernel. Empty if the root file system has them.
    public var bootFiles: [String]
    /// The paths of swap files, which the base does not get.
    public var swapFiles: [String]

    /// An order with these values.
    public init(origin: VolumePath? = nil, bootFiles: [String] = [], swapFiles: [String] = []) {
        self.origin = origin
        self.bootFiles = bootFiles
        self.swapFiles = swapFiles
    }

    /// The number of passes over the files after which the copy is given up.
    public static let passLimit = 12

    /// The directories whose files may change during the copy: logs, caches and the like, from which programs
    /// go on whatever state they find.
    public static let busyPlaces = ["/tmp/", "/var/cache/", "/var/lib/systemd/", "/var/log/", "/var/tmp/"]
}

/// The files that a pass over the running root found changed since the pass before.
public struct SystemChanges: Hashable, Sendable {
    /// The first of the paths, without those in busy places.
    public private(set) var paths: [String] = []
    /// The number of paths to keep.
    private static let limit = 3

    /// The changes in `index`, the list of files in an archive as tar(1) writes it (`--index-file`,
    /// `--quoting-style=escape`).
    ///
    /// Directories are listed in any case. They do not count: a change in one lists the file as well, unless
    /// the file was removed, and then the copy has lost it too. What is in the `busy` directories does not
    /// count either.
    public init(index: [UInt8], busy: [String] = SystemCopy.busyPlaces) {
        for line in index.split(separator: UInt8(ascii: "\n")) where line.last != UInt8(ascii: "/") {
            let name = String(decoding: line, as: UTF8.self)
            let path = name.hasPrefix("./") ? String(name.dropFirst()) : name
            if busy.contains(where: path.hasPrefix) { continue }
            paths.append(path)
            if paths.count == SystemChanges.limit { break }
        }
    }
}

/// tar's record of the files it has seen (GNU tar manual, "Format of the Incremental Snapshot Files", format 2).
public enum SystemCopyRecord {
    /// `record` with `time` as the moment from which on a changed file is copied again; `nil` if it is no
    /// such record.
    ///
    /// tar writes down when it started, by a clock that is finer than that of the files' times: a change
    /// within the same tick of the kernel, which lasts long in a virtual machine whose host is busy, would
    /// look older than the start.
    public static func dated(_ record: [UInt8], _ time: FileTime) -> [UInt8]? {
        guard let line = record.firstIndex(of: UInt8(ascii: "\n")),
            record.starts(with: Array("GNU tar-".utf8)),
            record[..<line].suffix(2).elementsEqual("-2".utf8)
        else { return nil }
        // The seconds and the nanoseconds, each ended by a zero byte.
        let fields = record[(line + 1)...].split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3,
            fields[..<2].allSatisfy({ Int64(String(decoding: $0, as: UTF8.self)) != nil })
        else { return nil }
        return record[...line] + Array("\(time.seconds)\0\(time.nanoseconds)\0".utf8) + fields[2]
    }
}

/// The swap areas in use, as `/proc/swaps` lists them (linux: mm/swapfile.c, `swap_show`).
public enum SwapTable {
    /// The paths of the swap files in `text`.
    public static func files(_ text: String) -> [String] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard fields.count >= 2, fields[1] == "file", fields[0].hasPrefix("/") else { return nil }
            return String(decoding: MountTable.plain(Array(fields[0].utf8)[...]), as: UTF8.self)
        }
    }
}

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

import ImgbasedCore

/// A file-system table, fstab(5), edited line by line; all other lines stay byte for byte.
public struct FSTab: Hashable, Sendable {
    /// The bytes of the whole file.
    public private(set) var contents: [UInt8]

    /// The table in `contents`.
    public init(_ contents: [UInt8]) {
        self.contents = contents
    }

    /// A line that mounts a file system.
    public struct Entry: Hashable, Sendable {
        /// The source to mount: a device, `UUID=…`, a name.
        public var source: String
        /// The mount point; `none` for swap.
        public var target: String
        /// The type of the file system.
        public var type: String
        /// The options, separated by commas.
        public var options: String
        /// The fields for dump(8) and fsck(8).
        public var rest: [String]

        /// A line with these fields.
        public init(
            source: String, target: String, type: String, options: String, rest: [String] = ["0", "0"]
        ) {
            self.source = source
            self.target = target
            self.type = type
            self.options = options
            self.rest = rest
        }

        var line: String {
            ([source, target, type, options] + rest).joined(separator: " ")
        }
    }

    /// The lines that mount a file system, in order.
    public var entries: [Entry] {
        lines.compactMap { FSTab.parse($0) }
    }

    /// The last line for `target`; `nil` if there is none.
    public func entry(at target: String) -> Entry? {
        entries.last { $0.target == target }
    }

    /// Sets the source of `/`: keeps its options and adds `discard`. If no line mounts `/`, one is added at
    /// the beginning.
    public mutating func setRoot(source: String, type: String) {
        var isSet = false
        var result: [[UInt8]] = []
        for line in lines {
            guard var entry = FSTab.parse(line), entry.target == "/" else {
                result.append(line)
                continue
            }
            // A second root line would win over ours at remount.
            if isSet { continue }
            isSet = true
            var options = entry.options.parts(separator: ",")
            options.removeAll { $0.isEmpty || $0 == "nodiscard" }
            if !options.contains(where: { $0 == "discard" || $0.hasPrefix("discard=") }) {
                options.append("discard")
            }
            entry.source = source
            entry.type = type
            entry.options = options.joined(separator: ",")
            entry.rest = ["0", "1"]
            result.append(Array(entry.line.utf8))
        }
        if !isSet {
            let root = Entry(
                source: source, target: "/", type: type, options: "defaults,discard", rest: ["0", "1"])
            result.insert(Array(root.line.utf8), at: 0)
        }
        store(result)
    }

    /// Changes the source of each line as `change` says; `nil` keeps it.
    public mutating func renameSources(_ change: (String) -> String?) {
        store(
            lines.map { line in
                guard var entry = FSTab.parse(line), let source = change(entry.source) else { return line }
                entry.source = source
                return Array(entry.line.utf8)
            })
    }

    /// Removes the lines that swap to one of `files`.
    public mutating func removeSwap(_ files: [String]) {
        store(
            lines.filter { line in
                guard let entry = FSTab.parse(line), entry.type == "swap" else { return true }
                let source = MountTable.plain(Array(entry.source.utf8)[...])
                return !files.contains(String(decoding: source, as: UTF8.self))
            })
    }

    /// Adds a line at the end, unless another line has the same target.
    public mutating func add(_ entry: Entry) {
        guard self.entry(at: entry.target) == nil else { return }
        store(lines + [Array(entry.line.utf8)])
    }

    /// Puts `entry` in place of the lines with its target, or at the end.
    public mutating func set(_ entry: Entry) {
        guard let place = lines.firstIndex(where: { FSTab.parse($0)?.target == entry.target }) else {
            return add(entry)
        }
        var rest = lines.enumerated().filter { $0 == place || FSTab.parse($1)?.target != entry.target }
            .map(\.element)
        rest[place] = Array(entry.line.utf8)
        store(rest)
    }

    /// Removes the lines for `target`.
    public mutating func remove(_ target: String) {
        guard entry(at: target) != nil else { return }
        store(lines.filter { FSTab.parse($0)?.target != target })
    }

    /// The lines without their ends.
    var lines: [[UInt8]] {
        var lines = contents.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(
            Array.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    /// Makes `lines` the whole table.
    mutating func store(_ lines: [[UInt8]]) {
        contents = lines.flatMap { $0 + [UInt8(ascii: "\n")] }
    }

    /// The fields of `line`; `nil` if it mounts nothing.
    static func parse(_ line: [UInt8]) -> Entry? {
        let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let words = line.split(whereSeparator: isBlank)
        guard words.count >= 3, words[0].first != UInt8(ascii: "#") else { return nil }
        let fields = words.map { String(decoding: $0, as: UTF8.self) }
        // mount(8) and systemd take `/boot/` for `/boot`.
        let end = fields[1].lastIndex { $0 != "/" } ?? fields[1].startIndex
        let target = fields[1].hasPrefix("/") ? String(fields[1][...end]) : fields[1]
        return Entry(
            source: fields[0], target: target, type: fields[2],
            options: fields.count > 3 ? fields[3] : "defaults",
            rest: Array(fields.dropFirst(4)))
    }
}

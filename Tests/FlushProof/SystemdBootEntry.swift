/// An entry as systemd-boot reads it (systemd: src/boot/efi/boot.c; Boot Loader Specification).
struct SystemdBootEntry {
    /// The file name without `.conf` and without the count of tries.
    let identifier: String
    let triesLeft: Int?
    let triesDone: Int?
    private(set) var sortKey: String?
    private(set) var machine: String?
    private(set) var version: String?
    private(set) var kernel: String?
    private(set) var initramfs: String?
    private(set) var options: [String] = []

    /// Parses `text`, the content of the file `name`.
    init(name: String, text: String) {
        var stem = name.hasSuffix(".conf") ? String(name.dropLast(5)) : name
        var (left, done): (Int?, Int?) = (nil, nil)
        if let plus = stem.lastIndex(of: "+") {
            let numbers = stem[stem.index(after: plus)...].split(
                separator: "-", omittingEmptySubsequences: false)
            let values = numbers.compactMap { Int($0) }
            if values.count == numbers.count, (1...2).contains(values.count) {
                (left, done) = (values[0], values.count > 1 ? values[1] : 0)
                stem = String(stem[..<plus])
            }
        }
        (identifier, triesLeft, triesDone) = (stem, left, done)
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(maxSplits: 1) { $0 == " " || $0 == "\t" }.map(String.init)
            guard parts.count == 2 else { continue }
            let value = parts[1].trimmingPrefix { $0 == " " || $0 == "\t" }
            switch parts[0] {
            case "sort-key": sortKey = String(value)
            case "machine-id": machine = String(value)
            case "version": version = String(value)
            case "linux": kernel = String(value)
            case "initrd": initramfs = String(value)
            case "options": options += value.split(separator: " ").map(String.init)
            default: break
            }
        }
    }

    /// Whether systemd-boot shows this entry before `other` (`config_entry_compare`).
    ///
    /// The entries of imgbased differ in the compared keys, and their versions sort like plain text.
    func isBefore(_ other: SystemdBootEntry) -> Bool {
        func compare(_ one: String?, _ two: String?) -> Bool? {
            let (one, two) = (one ?? "", two ?? "")
            return one == two ? nil : one < two
        }
        if (triesLeft == 0) != (other.triesLeft == 0) { return triesLeft != 0 }
        if (sortKey == nil) != (other.sortKey == nil) { return sortKey != nil }
        if sortKey != nil {
            if let order = compare(sortKey, other.sortKey) { return order }
            if let order = compare(machine, other.machine) { return order }
            if let order = compare(other.version, version) { return order }
        }
        if let order = compare(other.identifier, identifier) { return order }
        if let one = triesLeft, let two = other.triesLeft, one != two { return one > two }
        return (triesDone ?? 0) < (other.triesDone ?? 0)
    }
}

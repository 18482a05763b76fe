import ImgbasedCore

/// A file of GRUB script of which GRUB can tell whether all of it is there.
///
/// Its first line makes it an environment block; its second and its last name it.
struct GRUBFile {
    private static let begun = "imgbased_begun"
    private static let ended = "imgbased_ended"

    private let stamp: String
    private var lines: [String]
    private var count = 0

    /// A file that is to have `content`: it tells one file from another, since the beginning of one and the end of another
    /// are none.
    init(_ content: [String]) {
        stamp = GRUBFile.stamp(content)
        lines = [
            String(GRUBEnvironment.header.dropLast()), "\(GRUBFile.begun)=\(stamp)",
            "# Made by imgbase from loader/entries/imgbased-*.conf, whenever those change.",
        ]
        add("set imgbased_read=\(mark)")
    }

    /// What `imgbased_read` is when all so far was understood.
    var mark: String { "\(stamp)_\(count)" }

    /// The file's text.
    var text: String {
        // A line with a variable before the last one: what has none would belong to the name of the next.
        (lines + ["set imgbased_read=", "\(GRUBFile.ended)=\(stamp)"]).map { $0 + "\n" }.joined()
    }

    /// Adds lines.
    mutating func add(_ more: String...) { lines += more }

    /// Adds lines.
    mutating func add(_ more: [String]) { lines += more }

    /// Adds functions. What is behind the brace of one is run only if all of it was understood.
    mutating func add(functions: String) {
        for line in functions.split(separator: "\n") {
            guard line == "}" else {
                lines.append(String(line))
                continue
            }
            let (this, next) = step()
            lines.append("}; if [ \"${imgbased_read}\" = \(this) ]; then set imgbased_read=\(next); fi")
        }
    }

    /// Adds a command that counts.
    mutating func add(counted command: String, _ words: [String]) {
        let (this, next) = step()
        lines.append(([command, this, next] + words).joined(separator: " "))
    }

    /// Adds lines that are run only if all of them were understood, and all before them.
    mutating func add(counted more: [String]) {
        let (this, next) = step()
        lines += ["if imgbased_next \(this) \(next); then"] + more + ["fi"]
    }

    private mutating func step() -> (this: String, next: String) {
        let this = mark
        count += 1
        return (this, mark)
    }

    /// Whether GRUB would take `text` for a whole file.
    static func isWhole(_ text: String?) -> Bool {
        guard let lines = text?.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false),
            lines.count > 3, lines.last?.isEmpty == true
        else { return false }
        let begin = Array((begun + "=").utf8)
        let end = Array((ended + "=").utf8)
        let (first, last) = (lines[1], lines[lines.count - 2])
        return lines[0].elementsEqual(GRUBEnvironment.header.utf8.dropLast()) && first.starts(with: begin)
            && last.starts(with: end) && first.count > begin.count
            && first.dropFirst(begin.count).elementsEqual(last.dropFirst(end.count))
    }

    /// 16 digits that depend on all of `content`: FNV-1a.
    private static func stamp(_ content: [String]) -> String {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for line in content {
            for byte in line.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
            value = (value ^ 10) &* 0x100_0000_01b3
        }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

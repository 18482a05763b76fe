import ImgbasedCore

/// A GRUB script file whose completeness GRUB can check.
///
/// Its first line makes it an environment block; the second and the last line name it.
struct GRUBFile {
    private static let begun = "imgbased_begun"
    private static let ended = "imgbased_ended"

    private let stamp: String
    private var lines: [String]
    private var count = 0

    /// A file for `content`, from which its name is derived: the beginning of one file and the end of another
    /// do not match.
    init(_ content: [String]) {
        stamp = GRUBFile.stamp(content)
        lines = [
            String(GRUBEnvironment.header.dropLast()), "\(GRUBFile.begun)=\(stamp)",
            "# Made by imgbase from loader/entries/imgbased-*.conf, whenever those change.",
        ]
        add("set imgbased_read=\(mark)")
    }

    /// The value of `imgbased_read` if GRUB understood all lines so far.
    var mark: String { "\(stamp)_\(count)" }

    /// The text of the whole file.
    var text: String {
        // The line before the last sets a variable: without an equals sign, it would become part of the last
        // name.
        (lines + ["set imgbased_read=", "\(GRUBFile.ended)=\(stamp)"]).map { $0 + "\n" }.joined()
    }

    /// Adds lines.
    mutating func add(_ more: String...) { lines += more }

    /// Adds lines.
    mutating func add(_ more: [String]) { lines += more }

    /// Adds functions. The code behind a function's brace only runs if GRUB understood the whole function.
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

    /// Adds a command with a count.
    mutating func add(counted command: String, _ words: [String]) {
        let (this, next) = step()
        lines.append(([command, this, next] + words).joined(separator: " "))
    }

    /// Adds lines that only run if GRUB understood all of them and all lines before.
    mutating func add(counted more: [String]) {
        let (this, next) = step()
        lines += ["if imgbased_next \(this) \(next); then"] + more + ["fi"]
    }

    private mutating func step() -> (this: String, next: String) {
        let this = mark
        count += 1
        return (this, mark)
    }

    /// Whether GRUB would accept `text` as a whole file.
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

    /// A hash of all `content` in 16 hex digits: FNV-1a.
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

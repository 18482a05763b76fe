/// The screen of a terminal of 80 columns.
///
/// It implements enough of a VT100 for the menus of boot loaders and GRUB's editor.
struct Screen {
    static let columns = 80
    /// The replacement for every non-ASCII piece of a box's border.
    static let boxLine: Character = "─"

    /// One character cell of the screen.
    struct Cell: Hashable {
        var character: Character = " "
        var isReversed = false
    }

    private(set) var cells: [[Cell]]
    private(set) var row = 0
    private(set) var column = 0
    private var isReversed = false
    /// The bytes of an unfinished escape sequence or character.
    private var pending: [UInt8] = []

    /// Makes an empty screen of `lines` lines.
    init(lines: Int) {
        cells = Array(repeating: Array(repeating: Cell(), count: Screen.columns), count: lines)
    }

    /// The text of line `index`, without trailing blanks.
    func text(_ index: Int) -> String {
        let characters = cells[index].map(\.character)
        let end = characters.lastIndex { $0 != " " }.map { $0 + 1 } ?? 0
        return String(characters[..<end])
    }

    /// The text of all lines.
    var text: [String] { cells.indices.map(text) }

    /// Draws the output of a machine, and returns it as plain text, without escape sequences.
    @discardableResult
    mutating func write(_ bytes: some Sequence<UInt8>) -> String {
        var plain = ""
        for byte in bytes { write(byte, &plain) }
        return plain
    }

    private mutating func write(_ byte: UInt8, _ plain: inout String) {
        // Bytes that are not UTF-8 come from UEFI's terminal: borders of boxes in code page 437.
        if let first = pending.first, first >= 0x80, byte & 0xc0 != 0x80 {
            plain += String(repeating: Screen.boxLine, count: pending.count)
            for _ in pending { put(Screen.boxLine) }
            pending = []
        }
        if pending.first == 0x1b {
            pending.append(byte)
            endSequence(byte)
        } else if byte == 0x1b {
            pending = [byte]
        } else if byte < 0x20 {
            if byte == 0x0a || byte == 0x09 { plain.unicodeScalars.append(UnicodeScalar(byte)) }
            control(byte)
        } else {
            pending.append(byte)
            // A UTF-8 character is complete if the decoder replaces nothing.
            let text = String(decoding: pending, as: UTF8.self)
            if pending.count < 4, text.unicodeScalars.contains("\u{fffd}") { return }
            pending = []
            plain += text
            for character in text { put(character) }
        }
    }

    private mutating func control(_ byte: UInt8) {
        switch byte {
        case 0x08: column = max(0, column - 1)
        case 0x0a: lineFeed()
        case 0x0d: column = 0
        default: break
        }
    }

    private mutating func put(_ character: Character) {
        if column >= Screen.columns {
            column = 0
            lineFeed()
        }
        cells[row][column] = Cell(character: character, isReversed: isReversed)
        column += 1
    }

    private mutating func lineFeed() {
        if row + 1 < cells.count {
            row += 1
        } else {
            cells.removeFirst()
            cells.append(Array(repeating: Cell(), count: Screen.columns))
        }
    }

    /// Obeys `ESC [ numbers letter`, and ignores `ESC` with any other byte.
    private mutating func endSequence(_ byte: UInt8) {
        if pending.count == 2 {
            if byte != UInt8(ascii: "[") { pending = [] }
            return
        }
        guard (0x40...0x7e).contains(byte) else { return }
        let body = String(decoding: pending[2..<(pending.count - 1)], as: UTF8.self)
        pending = []
        let numbers = body.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) }
        obey(byte, numbers)
    }

    private mutating func obey(_ letter: UInt8, _ numbers: [Int?]) {
        let first = numbers.first.flatMap { $0 }
        switch UnicodeScalar(letter) {
        case "H", "f":
            row = min(max((first ?? 1) - 1, 0), cells.count - 1)
            column = min(max((numbers.dropFirst().first.flatMap { $0 } ?? 1) - 1, 0), Screen.columns - 1)
        case "A": row = max(row - (first ?? 1), 0)
        case "B": row = min(row + (first ?? 1), cells.count - 1)
        case "C": column = min(column + (first ?? 1), Screen.columns - 1)
        case "D": column = max(column - (first ?? 1), 0)
        case "J": erase(wholeScreen: first == 2)
        case "K":
            cells[row].replaceSubrange(
                column..., with: Array(repeating: Cell(), count: Screen.columns - column))
        case "m":
            for number in numbers {
                switch number ?? 0 {
                case 0, 27, 40: isReversed = false
                // UEFI's terminal marks the highlighted entry by a light background.
                case 7, 47: isReversed = true
                default: break
                }
            }
        default: break
        }
    }

    private mutating func erase(wholeScreen: Bool) {
        let blank = Array(repeating: Cell(), count: Screen.columns)
        if wholeScreen {
            cells = Array(repeating: blank, count: cells.count)
            return
        }
        if column < Screen.columns { cells[row].replaceSubrange(column..., with: blank[column...]) }
        for line in cells.indices.dropFirst(row + 1) { cells[line] = blank }
    }
}

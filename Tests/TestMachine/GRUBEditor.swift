/// GRUB's editor for an entry, on a machine's serial console.
struct GRUBEditor {
    private let vm: VM
    private static let limit = Duration.minutes(1)

    /// Waits for the editor after `e` was typed in the menu.
    init(_ vm: VM) throws {
        self.vm = vm
        try vm.wait(
            for: "GRUB's editor", within: GRUBEditor.limit,
            until: {
                let screen = vm.console.screen
                // When GRUB has drawn the editor, the cursor is at the first letter.
                return screen.text.contains { $0.contains("Ctrl-x") } && screen.column == 2
                    && screen.row == screen.boxRows.first && screen.editorLines[0].text != ""
            })
    }

    /// Changes the line whose first word is `word`.
    func changeLine(startingWith word: String, with change: (String) -> String) throws {
        let lines = vm.console.screen.editorLines
        guard let index = lines.firstIndex(where: { $0.text.hasPrefix(word + " ") }) else {
            throw MachineError.unexpected("no line '\(word)' in GRUB's editor: \(lines.map(\.text))")
        }
        // Go to the first line, wherever the cursor is, then down.
        let up = String(repeating: Key.control("p"), count: lines.count)
        try press(Key.control("a") + up, until: "the cursor is at the first line") { $0.row == lines[0].row }
        for line in lines[...index].dropFirst() {
            try press(Key.control("n"), until: "the cursor is at '\(line.text)'") { $0.row == line.row }
        }
        // Type as few keys as possible: GRUB redraws the whole line for each letter.
        let old = lines[index].text
        let new = change(old)
        let prefix = zip(old, new).prefix { $0 == $1 }.count
        let suffix = zip(old.dropFirst(prefix).reversed(), new.dropFirst(prefix).reversed())
            .prefix { $0 == $1 }.count
        let (away, added) = (old.dropFirst(prefix).dropLast(suffix), new.dropFirst(prefix).dropLast(suffix))
        let back = String(repeating: Key.control("b"), count: away.count + suffix)
        let delete = String(repeating: Key.control("d"), count: away.count)
        try press(Key.control("e") + back + delete + added, until: "the line reads '\(new)'") {
            $0.editorLines.dropFirst(index).first?.text == new
        }
    }

    /// Boots the edited lines.
    func boot() throws {
        try vm.type(Key.control("x"))
    }

    private func press(_ keys: String, until text: String, _ isDone: (Screen) -> Bool) throws {
        try vm.type(keys)
        try vm.wait(
            for: "GRUB's editor: " + text, within: GRUBEditor.limit, until: { isDone(vm.console.screen) })
    }
}

extension Screen {
    /// The lines in GRUB's editor and their first rows.
    ///
    /// Lines that the box breaks are joined, and outer blanks removed.
    var editorLines: [(row: Int, text: String)] {
        var lines: [(row: Int, text: String)] = []
        var continues = false
        for row in boxRows {
            let content = String(cells[row][2..<(Screen.columns - 2)].map(\.character))
            let piece = content.hasSuffix("\\") ? String(content.dropLast()) : content.trimmingBlanksAtEnd
            if continues {
                lines[lines.count - 1].text += piece
            } else {
                lines.append((row, piece.drop { $0 == " " }.trimmingBlanksAtEnd))
            }
            continues = content.hasSuffix("\\")
        }
        return lines
    }
}

import ImgbasedCore

extension LayoutPicture {
    /// A piece of a line, and its colour as the parameter of ECMA-48's SGR; `nil` for none.
    private typealias Piece = (text: String, colour: String?)

    /// The optional columns, in the order in which a narrow terminal loses them, the last one first.
    private enum Column: CaseIterable {
        case data, system, made, size
    }

    /// The picture, one line each, no wider than the terminal.
    public func lines(_ style: Style) -> [String] {
        var lines: [[Piece]] = []
        if let group {
            lines.append([
                (group.name, "1"), ("  \(group.size.formatted), \(group.free.formatted) free", nil),
            ])
        }
        lines += poolLines(style) + table(style)
        return lines.map { LayoutPicture.text($0, style) }
    }

    private func poolLines(_ style: Style) -> [[Piece]] {
        guard let pool else { return [] }
        let start: Piece = (LayoutPicture.branch(isLast: true, style) + pool.name, nil)
        guard let usage = pool.usage else { return [[start, ("  not active", Mark.bad.colour)]] }
        let facts =
            "  \(Int(usage.data.rounded()))% of \(pool.size.formatted), metadata \(Int(usage.metadata.rounded()))%"
        let room = style.width - LayoutPicture.width(start.text) - LayoutPicture.width(facts) - 2
        let fullest = max(usage.data, usage.metadata)
        let colour =
            fullest >= BasePlanner.fullPercent ? "31" : fullest >= HostCheck.warningPercent ? "33" : "32"
        if room < 10 { return [[start, (facts, nil)]] }
        let bar = LayoutPicture.bar(usage.data, width: min(room, 40), style)
        return [[start, ("  ", nil), (bar.used, colour), (bar.free, "2"), (facts, nil)]]
    }

    /// A bar of `width` columns, of which `percent` are used. Any use fills at least one column.
    static func bar(_ percent: Double, width: Int, _ style: Style) -> (used: String, free: String) {
        let part = max(0, min(percent, 100)) / 100 * Double(width)
        let used = min(width, percent > 0 ? max(1, Int(part.rounded())) : 0)
        return (
            String(repeating: style.isUnicode ? "█" : "#", count: used),
            String(repeating: style.isUnicode ? "░" : "-", count: width - used)
        )
    }

    /// Bases and layers below the pool.
    private func table(_ style: Style) -> [[Piece]] {
        let names = rows.indices.map { branch(of: $0, style) + rows[$0].name }
        func cell(_ column: Column, _ row: Row) -> String {
            switch column {
            case .system: row.system ?? ""
            case .made: row.created.map { LayoutPicture.date($0) } ?? ""
            case .size: row.size?.formatted ?? ""
            case .data: row.data.map { "\($0.formatted) of data" } ?? ""
            }
        }
        let marks = rows.map { $0.marks.map(\.rawValue).joined(separator: ", ") }
        func widest(_ texts: [String]) -> Int { texts.map(LayoutPicture.width).max() ?? 0 }
        let fixed = widest(names) + widest(marks) + 2
        var columns = Column.allCases
        func width(_ columns: [Column]) -> Int {
            columns.reduce(fixed) { sum, column in sum + widest(rows.map { cell(column, $0) }) + 2 }
        }
        while !columns.isEmpty, width(columns) > style.width { columns.removeLast() }
        let order: [Column] = [.system, .made, .size, .data].filter(columns.contains)
        return rows.indices.map { index in
            let row = rows[index]
            let colour = row.marks.contains(.booted) ? "1" : nil
            var line: [Piece] = [(LayoutPicture.padded(names[index], widest(names)), colour)]
            for column in order {
                let text = cell(column, row)
                let room = widest(rows.map { cell(column, $0) })
                let isNumber = column == .size || column == .data
                line.append(
                    (
                        "  " + LayoutPicture.padded(text, room, isAtEnd: isNumber),
                        column == .system ? nil : "2"
                    ))
            }
            for (number, mark) in row.marks.enumerated() {
                line.append((number == 0 ? "  " : ", ", nil))
                line.append((mark.rawValue, mark.colour))
            }
            return line
        }
    }

    /// The branches of the tree before the name of a row.
    private func branch(of index: Int, _ style: Style) -> String {
        let later = rows[(index + 1)...]
        let stem = "   "
        guard rows[index].isLayer else {
            return stem + LayoutPicture.branch(isLast: !later.contains { !$0.isLayer }, style)
        }
        let isLast = later.first?.isLayer != true
        let trunk = later.contains { !$0.isLayer } ? (style.isUnicode ? "│  " : "|  ") : stem
        return stem + trunk + LayoutPicture.branch(isLast: isLast, style)
    }

    private static func branch(isLast: Bool, _ style: Style) -> String {
        switch (isLast, style.isUnicode) {
        case (true, true): "└─ "
        case (false, true): "├─ "
        case (true, false): "`- "
        case (false, false): "|- "
        }
    }

    /// The pieces as one line, cut to the width of the terminal.
    private static func text(_ pieces: [Piece], _ style: Style) -> String {
        var left = style.width
        var line = ""
        for piece in pieces {
            // Names come from disks, and systems' names from images.
            let text = cut(piece.text.withEscapedControls, left)
            left -= width(text)
            guard !text.isEmpty else { continue }
            if let colour = piece.colour, style.hasColours, text.contains(where: { $0 != " " }) {
                line += "\u{1B}[\(colour)m\(text)\u{1B}[0m"
            } else {
                line += text
            }
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    private static func cut(_ text: String, _ columns: Int) -> String {
        var left = columns
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            left -= width(scalar)
            if left < 0 { break }
            result.append(scalar)
        }
        return String(result)
    }

    private static func padded(_ text: String, _ columns: Int, isAtEnd: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, columns - width(text)))
        return isAtEnd ? space + text : text + space
    }

    /// The columns of `text` on a terminal.
    static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width($1) }
    }

    /// The columns of a character, as wcwidth(3) has them: none for marks, two for wide ones.
    private static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }

    /// The day of a time in seconds since 1970, in UTC: `2026-11-30`.
    ///
    /// Howard Hinnant, chrono-compatible low-level date algorithms, `civil_from_days`.
    static func date(_ time: Int64) -> String {
        // Metadata can say anything.
        let time = max(-(1 << 40), min(time, 1 << 40))
        let days = (time >= 0 ? time / 86400 : -((86399 - time) / 86400)) + 719468
        let era = (days >= 0 ? days : days - 146096) / 146097
        let day = days - era * 146097
        let year = (day - day / 1460 + day / 36524 - day / 146096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let (m, d) = (month < 10 ? month + 3 : month - 9, dayOfYear - (153 * month + 2) / 5 + 1)
        func two(_ number: Int64) -> String { (number < 10 ? "0" : "") + String(number) }
        return "\(year + era * 400 + (m <= 2 ? 1 : 0))-\(two(m))-\(two(d))"
    }
}

extension BootEntry {
    /// The name of the operating system in the title: `Base-0.1 (Debian …)`; `nil` if there is none.
    var system: String? {
        guard title.hasPrefix(layer + " ("), title.hasSuffix(")") else { return nil }
        let name = String(title.dropFirst(layer.count + 2).dropLast())
        return name.isEmpty ? nil : name
    }
}

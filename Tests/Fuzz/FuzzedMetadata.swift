@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// The text in a metadata area.
struct FuzzedMetadata {
    private let input: [UInt8]

    init(_ input: [UInt8]) {
        self.input = input
    }

    func check() throws(Finding) {
        guard let text = try? MetadataText(input) else { return }
        try Finding.unless(depth(of: text.root) <= MetadataText.depthLimit + 1, "the text is too deep")
        if let spelled = spelled(text.root.children) {
            guard let again = try? MetadataText(Array(spelled.utf8)) else {
                throw Finding(description: "what was read is not read again: \(spelled)")
            }
            try Finding.unless(isSame(text.root, again.root), "what was read is read otherwise: \(spelled)")
        }
        guard let group = try? VolumeGroup(text) else { return }
        try GroupProperties(group).check()
    }

    private func depth(of node: MetadataNode) -> Int {
        1 + (node.children.map { depth(of: $0) }.max() ?? 0)
    }

    /// `nodes` as LVM2 would write them; `nil` if a number has a decimal point, which LVM2 never writes.
    private func spelled(_ nodes: [MetadataNode]) -> String? {
        var text = ""
        for node in nodes {
            switch node.content {
            case .value(let value):
                guard let value = spelled(value) else { return nil }
                text += "\(node.key) = \(value)\n"
            case .list(let values):
                let words = values.compactMap { spelled($0) }
                guard words.count == values.count else { return nil }
                text += "\(node.key) = [\(words.joined(separator: ", "))]\n"
            case .section(let nodes):
                guard let inner = spelled(nodes) else { return nil }
                text += "\(node.key) {\n\(inner)}\n"
            }
        }
        return text
    }

    private func spelled(_ value: MetadataValue) -> String? {
        switch value {
        case .integer(let number): return String(number)
        case .decimal(let text): return text
        case .string(let text):
            var bytes: [UInt8] = []
            for byte in text.utf8 {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    bytes.append(UInt8(ascii: "\\"))
                }
                bytes.append(byte)
            }
            return "\"" + String(decoding: bytes, as: UTF8.self) + "\""
        }
    }

    /// Whether both are equal except for their line numbers.
    private func isSame(_ a: MetadataNode, _ b: MetadataNode) -> Bool {
        guard a.key == b.key else { return false }
        if case .section(let left) = a.content, case .section(let right) = b.content {
            return left.count == right.count && zip(left, right).allSatisfy { isSame($0, $1) }
        }
        return a.content == b.content
    }
}

import FoundationEssentials
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

extension CarryReview {
    private static let limit = 16 << 20

    /// The record in `tree`; an empty one if there is none or it cannot be read.
    static func read(from tree: borrowing ConfinedTree) -> CarryReview {
        guard let bytes = try? tree.read(path, limit: limit),
            let review = try? JSONDecoder().decode(CarryReview.self, from: Data(bytes))
        else { return CarryReview() }
        return review
    }

    /// Puts the record into `tree`. An empty one is not put where there is none.
    func put(in tree: borrowing ConfinedTree) throws(HostFailure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let contents: [UInt8]
        do { contents = Array(try encoder.encode(self)) + [UInt8(ascii: "\n")] } catch {
            throw .carrying("\(error)".oneLine)
        }
        let old = try calling(tree.read(CarryReview.path, limit: CarryReview.limit))
        if old == contents || old == nil && self == CarryReview() { return }
        try calling(tree.replaceFile(CarryReview.path, contents: contents, permissions: 0o600))
    }
}

import TestMachine
import TestRandom

/// What is between two moments at which a disk was flushed: any part of it can be what a power cut leaves.
struct Interval: Sendable {
    /// The writes and discards, by their positions in the log.
    let changes: [Int]
    /// The position behind it, where everything before it is on the disk.
    let end: Int

    /// Those of `entries` that begin in `range`.
    static func all(of entries: [WriteLog.Entry], in range: Range<Int>) -> [Interval] {
        var result: [Interval] = []
        var changes: [Int] = []
        for index in range {
            let entry = entries[index]
            if !entry.sectors.isEmpty { changes.append(index) }
            if entry.isFlush || entry.isForced || index == range.upperBound - 1 {
                result.append(Interval(changes: changes, end: index + 1))
                changes = []
            }
        }
        return result
    }

    /// One thing that a power cut within an interval can leave: which changes are on the disk, and of which only some sectors.
    struct Remnant: Hashable, Codable, Sendable {
        /// The changes that are whole, in order.
        let whole: [Int]
        /// One that is torn, and the sectors of it that are there.
        let torn: Int?
        let sectors: [Range<Int>]
    }

    /// All parts of the changes up to `exhaustive` of them, `count` that are drawn otherwise, and `count` with a torn write; without none and
    /// all of them. Writes of `atomic` sectors are not torn.
    func remnants(
        of entries: [WriteLog.Entry], exhaustive: Int, count: Int, atomic: [Range<Int>] = [],
        using generator: inout SeededGenerator
    ) -> [Remnant] {
        var result: [Remnant] = []
        if changes.count <= exhaustive {
            for mask in 0..<(1 << changes.count) where mask != 0 && mask != (1 << changes.count) - 1 {
                let whole = changes.indices.filter { mask & (1 << $0) != 0 }.map { changes[$0] }
                result.append(Remnant(whole: whole, torn: nil, sectors: []))
            }
        } else {
            for _ in 0..<count {
                result.append(Remnant(whole: draw(using: &generator), torn: nil, sectors: []))
            }
        }
        let long = changes.filter { index in
            entries[index].isWrite && entries[index].sectors.count > 1
                && !atomic.contains { $0.overlaps(entries[index].sectors) }
        }
        for _ in 0..<(long.isEmpty ? 0 : min(count, 4 * long.count)) {
            guard let torn = long.randomElement(using: &generator) else { break }
            let whole = draw(using: &generator).filter { $0 != torn }
            result.append(
                Remnant(
                    whole: whole, torn: torn, sectors: tear(entries[torn].sectors, using: &generator)))
        }
        var seen: Set<Remnant> = []
        return result.filter { seen.insert($0).inserted }
    }

    /// A part of the changes: few, half or nearly all of them, or those up to one of them.
    private func draw(using generator: inout SeededGenerator) -> [Int] {
        let kind = Int.random(in: 0..<4, using: &generator)
        if kind == 3 { return Array(changes.prefix(Int.random(in: 0...changes.count, using: &generator))) }
        let chance = [0.1, 0.5, 0.9][kind]
        return changes.filter { _ in Double.random(in: 0..<1, using: &generator) < chance }
    }

    /// A beginning, an end, or any sectors of a write.
    private func tear(_ sectors: Range<Int>, using generator: inout SeededGenerator) -> [Range<Int>] {
        let middle = Int.random(in: sectors.lowerBound + 1..<sectors.upperBound, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: return [sectors.lowerBound..<middle]
        case 1: return [middle..<sectors.upperBound]
        default:
            return sectors.filter { _ in Bool.random(using: &generator) }.map { $0..<$0 + 1 }
        }
    }
}

import TestMachine
import TestRandom

/// The changes between two flushes of a disk, of which a power cut can leave any subset.
struct Interval: Sendable {
    /// The writes and discards, by their positions in the log.
    let changes: [Int]
    /// The position after the interval: everything before this position is on the disk.
    let end: Int

    /// The intervals of `entries` that begin in `range`.
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

    /// A possible result of a power cut within an interval: whole changes, and at most one torn write.
    struct Remnant: Hashable, Codable, Sendable {
        /// The positions of the whole changes, in order.
        let whole: [Int]
        /// The position of the torn change, and its sectors that are on the disk; `nil` if none is torn.
        let torn: Int?
        let sectors: [Range<Int>]
    }

    /// The subsets to judge, without the empty and the full one.
    ///
    /// These are all subsets of up to `exhaustive` changes, or `count` drawn subsets of more changes. Up to
    /// `count` subsets with a torn write follow. Writes to `atomic` sectors are never torn.
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

    /// Draws a subset of the changes: few, half or nearly all of them, or all up to one of them.
    private func draw(using generator: inout SeededGenerator) -> [Int] {
        let kind = Int.random(in: 0..<4, using: &generator)
        if kind == 3 { return Array(changes.prefix(Int.random(in: 0...changes.count, using: &generator))) }
        let chance = [0.1, 0.5, 0.9][kind]
        return changes.filter { _ in Double.random(in: 0..<1, using: &generator) < chance }
    }

    /// Draws the sectors of a write that are on the disk: its start, its end, or any.
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

/// The results of a whole run, as a table.
public struct Summary: Sendable {
    private let seed: UInt64
    private var tallies: [Tally] = []
    private var reruns: [FlushProof.Rerun] = []

    /// Makes an empty table; `seed` is the seed of the draws.
    public init(seed: UInt64) { self.seed = seed }

    /// Adds the counts for the commands of a scenario.
    public mutating func add(_ tallies: [Tally]) { self.tallies += tallies }

    /// Adds the results of repeated commands.
    public mutating func add(_ reruns: [FlushProof.Rerun]) { self.reruns += reruns }

    /// Whether every state was old or new, and every repeated command succeeded.
    public var isWell: Bool {
        tallies.allSatisfy { $0.isComplete && $0.boundaries.third.isEmpty && $0.between.third.isEmpty }
            && reruns.allSatisfy { $0.failure == nil }
    }

    /// The table, as Markdown.
    public var text: String {
        var lines = [
            "| scenario | command | at a flush | neither | between two | of these torn | neither | what |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for tally in tallies {
            lines.append(
                Summary.line(
                    "\(tally.scenario) | `\(tally.step)`" + (tally.isComplete ? "" : " (not complete)"),
                    tally.boundaries, tally.between, tally.torn))
        }
        var (boundaries, between) = (Tally.Counts(), Tally.Counts())
        for tally in tallies {
            boundaries.add(tally.boundaries)
            between.add(tally.between)
        }
        let (torn, rewritten) = tallies.reduce((0, 0)) { ($0.0 + $1.torn, $0.1 + $1.rewritten) }
        lines.append(Summary.line("all |", boundaries, between, torn))
        lines.append("")
        lines.append(
            "To \(rewritten) of them GRUB wrote before the journal was replayed; 'undone' is what was lost.")
        let failed = reruns.filter { $0.failure != nil }
        lines.append(
            "Seed \(seed). Run again in a machine after \(reruns.count) of the states: "
                + "\(reruns.count - failed.count) converge.")
        for rerun in failed { lines.append("- \(rerun.state): `\(rerun.script)`: \(rerun.failure ?? "")") }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func line(
        _ name: String, _ boundaries: Tally.Counts, _ between: Tally.Counts, _ torn: Int
    ) -> String {
        let kinds = boundaries.third.merging(between.third, uniquingKeysWith: +)
            .sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        return "| \(name) | \(boundaries.total) | \(boundaries.thirds) | \(between.total) | "
            + "\(torn) | \(between.thirds) | \(kinds.joined(separator: "; ")) |"
    }
}

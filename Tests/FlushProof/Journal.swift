import Foundation
import TestMachine

/// The findings so far, in a file from which an interrupted run continues.
final class Journal {
    /// A judged state.
    struct State: Codable {
        /// The subset of the last interval that is on the disk; `nil` for all changes.
        let remnant: Interval.Remnant?
        let verdict: Verdict
        let isBoundary: Bool
        /// Whether GRUB wrote to /boot before the journal was replayed.
        var isRewritten: Bool?
    }

    private struct Line: Codable {
        let name: String
        let states: [State]
    }

    private let file: FileHandle
    private var known: [String: [State]] = [:]

    /// Opens the journal in the file `path`. Starts a new journal if the file has another `key`.
    init(_ path: String, key: String) throws {
        let files = FileManager.default
        let text = files.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        var lines = text.split(separator: "\n")[...]
        if lines.popFirst() == Substring(key) {
            for line in lines {
                // The last line of an interrupted run can be incomplete.
                guard let line = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)) else { break }
                known[line.name] = line.states
            }
        }
        // Rewrite the file without an incomplete line.
        try (key + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        guard let file = FileHandle(forWritingAtPath: path) else {
            throw MachineError.unexpected("'\(path)' cannot be written")
        }
        self.file = file
        try file.seekToEnd()
        for (name, states) in known { try write(name, states) }
    }

    /// The place of a judged state: its step, its interval in the log, and its number there.
    struct Place {
        let step: Int
        let start: Int
        let interval: Int
        let number: Int
        let state: State
    }

    /// The places of all judged states, in order.
    var places: [Place] {
        let intervals = known.map { name, states in
            (name.split(separator: " ").compactMap { Int($0) }, states)
        }
        .filter { $0.0.count == 2 }.sorted { $0.0[1] < $1.0[1] }
        var places: [Place] = []
        var start = 0
        for (numbers, states) in intervals {
            for (number, state) in states.enumerated() {
                places.append(
                    Place(step: numbers[0], start: start, interval: numbers[1], number: number, state: state))
            }
            start = numbers[1]
        }
        return places
    }

    /// The findings of the interval `name`; `nil` if not judged yet.
    subscript(name: String) -> [State]? { known[name] }

    /// Adds the findings of an interval.
    func add(_ name: String, _ states: [State]) throws {
        known[name] = states
        try write(name, states)
    }

    private func write(_ name: String, _ states: [State]) throws {
        let line = try JSONEncoder().encode(Line(name: name, states: states))
        try file.write(contentsOf: line + [0x0a])
    }
}

// `make bench`: compares imgbased with a user's alternatives, as ratios from one run. Arguments
// name the parts.

import Foundation

let parts: [(name: String, report: () throws -> Void)] = [
    ("activation", Report.activation), ("boot", Report.boot), ("entry", Report.entry),
    ("image", Report.image), ("initramfs", Report.initramfs), ("carry", Report.carry),
]
do {
    let wanted = CommandLine.arguments.dropFirst()
    if let unknown = wanted.first(where: { name in !parts.contains { $0.name == name } }) {
        throw BenchError(
            description: "no part '\(unknown)'; there are \(parts.map(\.name).joined(separator: ", "))")
    }
    for part in parts where wanted.isEmpty || wanted.contains(part.name) { try part.report() }
} catch {
    print("bench: \(error)")
    exit(1)
}

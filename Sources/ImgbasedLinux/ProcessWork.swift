import CLinux

/// The work that a process and its descendants have done so far.
package enum ProcessWork {
    private static let depthLimit = 16

    /// A figure that changes if `process` or a descendant uses processor time, reads or writes.
    ///
    /// The figure is 0 if the process does not exist. A kernel without some of these counters shows less.
    ///
    /// The corresponding files are `/proc/PID/stat`, `/proc/PID/io` and `/proc/PID/task/PID/children`
    /// (proc(5)).
    package static func count(of process: Int, depth: Int = 0) -> UInt64 {
        guard depth < depthLimit, let stat = SmallFile.line("/proc/\(process)/stat") else { return 0 }
        // The name, in parentheses, can contain any character.
        let facts = stat.split(separator: ")").last?.split(separator: " ") ?? []
        var sum: UInt64 = 1
        // utime, stime, and the same of children that have ended.
        if facts.count > 14 { for fact in facts[11...14] { sum &+= UInt64(fact) ?? 0 } }
        if let io = try? SmallFile.read("/proc/\(process)/io") {
            for line in io.split(separator: "\n") {
                sum &+= line.split(separator: " ").last.flatMap { UInt64($0) } ?? 0
            }
        }
        let children = SmallFile.line("/proc/\(process)/task/\(process)/children") ?? ""
        for child in children.split(separator: " ") {
            if let child = Int(child) { sum &+= count(of: child, depth: depth + 1) }
        }
        return sum
    }
}

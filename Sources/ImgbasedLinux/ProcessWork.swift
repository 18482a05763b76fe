import CLinux

/// What a process and those it has started have done so far.
package enum ProcessWork {
    private static let depthLimit = 16

    /// A figure that differs whenever `process`, or one below it, has used processor time, read or written; 0 where there
    /// is no such process. As far as the kernel counts these: without, less is seen.
    ///
    /// The corresponding files are `/proc/PID/stat`, `/proc/PID/io` and `/proc/PID/task/PID/children` (proc(5)).
    package static func count(of process: Int, depth: Int = 0) -> UInt64 {
        guard depth < depthLimit, let stat = SmallFile.line("/proc/\(process)/stat") else { return 0 }
        // The name, in parentheses, can have anything in it.
        let facts = stat.split(separator: ")").last?.split(separator: " ") ?? []
        var sum: UInt64 = 1
        // utime, stime, and these of children that have ended.
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

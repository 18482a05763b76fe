import TestMachine

/// A file system after a power cut, on a copy of it.
enum FileSystem {
    /// Replays the journal of the ext4 file system in `image` and repairs it as a boot does; the reason where that cannot, or leaves
    /// anything wrong.
    static func damage(in image: String) throws -> String? {
        // 1 is "errors corrected": inodes that were removed while they were open, counts of free blocks.
        let (repaired, told) = try HostCommand.result(["e2fsck", "-p", image], within: .minutes(2))
        guard repaired == 0 || repaired == 1 else { return "e2fsck -p: \(last(told))" }
        let (checked, found) = try HostCommand.result(["e2fsck", "-fn", image], within: .minutes(2))
        return checked == 0 ? nil : "e2fsck -fn: \(last(found))"
    }

    private static func last(_ text: String) -> String {
        text.split(separator: "\n").suffix(3).joined(separator: " ").replacing("/work/main/", with: "")
    }
}

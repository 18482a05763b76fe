import TestMachine

/// A copy of a file system after a power cut.
enum FileSystem {
    /// Replays the journal of the ext4 file system in `image` and repairs it as a boot does.
    ///
    /// Returns the cause if the repair fails or leaves damage; otherwise `nil`.
    static func damage(in image: String) throws -> String? {
        // Status 1 is "errors corrected": inodes removed while open, counts of free blocks.
        var (repaired, told) = try HostCommand.result(["e2fsck", "-p", image], within: .minutes(2))
        // The helper does the same if the superblock is torn.
        if repaired == 8 {
            (repaired, told) = try HostCommand.result(
                ["e2fsck", "-p", "-b", "32768", "-B", "4096", image], within: .minutes(2))
        }
        guard repaired == 0 || repaired == 1 else { return "e2fsck -p: \(last(told))" }
        let (checked, found) = try HostCommand.result(["e2fsck", "-fn", image], within: .minutes(2))
        return checked == 0 ? nil : "e2fsck -fn: \(last(found))"
    }

    private static func last(_ text: String) -> String {
        text.split(separator: "\n").suffix(3).joined(separator: " ").replacing("/work/main/", with: "")
    }

    /// A digest of names, modes, owners and contents below `directory` of the ext4 file system in `image`.
    static func digest(of directory: String, in image: String) throws -> String {
        let script = """
            set -eu
            mkdir "$2"
            trap 'rm -rf "$2"' EXIT
            debugfs -R "rdump $3 $2" "$1" 2>/dev/null >&2
            cd "$2"
            { find . -printf '%p %y %m %U %G %l\\n' | LC_ALL=C sort
              find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum; } | sha256sum
            """
        return String(
            try HostCommand.run("sh", "-c", script, "sh", image, image + ".tree", directory).prefix(64))
    }
}

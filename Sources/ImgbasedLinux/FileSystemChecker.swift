public import ImgbasedCore

/// Checks a file system with the distribution's tool before the file system is mounted writable.
public enum FileSystemChecker {
    private static let tool = "/usr/sbin/e2fsck"

    /// Checks the file system of `type` in the device at `path`, if the initramfs has the tool.
    ///
    /// XFS needs no tool: its driver replays the journal, and fsck.xfs(8) does nothing.
    /// - Returns: The last line of the tool's output; `nil` if no tool ran.
    /// - Throws: if the file system is not fit for use, or if the tool hangs.
    public static func run(
        _ path: String, type: LayerMount.FileSystem, _ check: FileSystemCheck, _ patience: Patience
    ) throws(SystemError) -> String? {
        guard type == .ext4, let arguments = check.e2fsckArguments, ChildProcess.isExecutable(tool) else {
            return nil
        }
        var result = try ChildProcess.run(tool, arguments + [path], patience)
        for copy in check.otherSuperblocks(status: result.status)
        where !FileSystemCheck.isFit(status: result.status) {
            result = try ChildProcess.run(tool, arguments + copy + [path], patience)
        }
        guard FileSystemCheck.isFit(status: result.status) else {
            throw SystemError(
                "use the file system on", path,
                reason: "e2fsck ended with status \(result.status): \(result.lastLine)")
        }
        return result.lastLine
    }
}

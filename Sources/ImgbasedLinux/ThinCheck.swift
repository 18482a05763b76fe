import ImgbasedCore

/// The check of a thin pool's metadata before it is used, as lvm2 has it done: thin_check(8), where it is there.
public enum ThinCheck {
    private static let tool = "/usr/sbin/thin_check"

    /// Checks the pool metadata in the device at `path`.
    /// - Throws: `Refusal` where it is damaged; `SystemError`.
    public static func run(_ path: String) throws {
        guard ChildProcess.isExecutable(tool) else { return }
        let status = try ChildProcess.run(tool, ["-q", path])
        guard status == 0 else {
            throw Refusal(
                "thin_check found the metadata of the pool damaged (status \(status)); repair it with 'lvconvert --repair'"
            )
        }
    }
}

/// Whether the file system of a layer is checked before it is mounted so that it can be written, as
/// systemd-fsck@.service(8) has it.
public struct FileSystemCheck: Hashable, Sendable {
    /// When it is checked.
    public enum Mode: String, Hashable, Sendable {
        /// Where the file system asks for it.
        case auto
        /// Always.
        case force
        /// Never.
        case skip
    }

    /// What becomes of damage.
    public enum Repair: String, Hashable, Sendable {
        /// It is repaired where nothing can be lost by that.
        case preen
        /// It is repaired.
        case yes
        /// It is left alone.
        case no
    }

    /// When it is checked: `fsck.mode=`.
    public let mode: Mode
    /// What becomes of damage: `fsck.repair=`.
    public let repair: Repair

    /// What `commandLine` says.
    init(_ commandLine: KernelCommandLine) {
        let mode = commandLine.value("fsck.mode").flatMap(Mode.init(rawValue:)) ?? .auto
        // dracut's own word for the same.
        self.mode = commandLine.arguments.contains { $0.text == "rd.skipfsck" } ? .skip : mode
        repair = commandLine.value("fsck.repair").flatMap(Repair.init(rawValue:)) ?? .preen
    }
    /// The arguments of e2fsck(8) before the device; `nil` where it is not to be run.
    public var e2fsckArguments: [String]? {
        let how =
            switch repair {
            case .preen: "-p"
            case .yes: "-y"
            case .no: "-n"
            }
        switch mode {
        case .auto: return [how]
        case .force: return [how, "-f"]
        case .skip: return nil
        }
    }

    /// The arguments besides, one after the other, where the tool ended with `status`: it could not read the superblock, which a power
    /// cut can tear, being two sectors. There are copies, which it tries by itself only where it may ask.
    public func otherSuperblocks(status: Int32) -> [[String]] {
        guard status == 8, repair == .preen else { return [] }
        return [["-b", "32768", "-B", "4096"], ["-b", "8193", "-B", "1024"]]
    }

    /// Whether a file system is fit for use that fsck(8) ended on with `status`: it was clean, or is now. A restart, which
    /// fsck may ask for, is needed for what is mounted already.
    public static func isFit(status: Int32) -> Bool {
        (0...3).contains(status)
    }
}

/// Whether a layer's file system is checked before a writable mount, as in systemd-fsck@.service(8).
public struct FileSystemCheck: Hashable, Sendable {
    /// When the file system is checked.
    public enum Mode: String, Hashable, Sendable {
        /// If the file system asks for it.
        case auto
        /// Always.
        case force
        /// Never.
        case skip
    }

    /// How damage is treated.
    public enum Repair: String, Hashable, Sendable {
        /// Repaired if that cannot lose data.
        case preen
        /// Repaired.
        case yes
        /// Left alone.
        case no
    }

    /// When the file system is checked: `fsck.mode=`.
    public let mode: Mode
    /// How damage is treated: `fsck.repair=`.
    public let repair: Repair

    /// Reads the settings of `commandLine`.
    init(_ commandLine: KernelCommandLine) {
        let mode = commandLine.value("fsck.mode").flatMap(Mode.init(rawValue:)) ?? .auto
        // dracut's own argument for `skip`.
        self.mode = commandLine.arguments.contains { $0.text == "rd.skipfsck" } ? .skip : mode
        repair = commandLine.value("fsck.repair").flatMap(Repair.init(rawValue:)) ?? .preen
    }
    /// The arguments of e2fsck(8) before the device; `nil` if it is not to be run.
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

    /// Extra arguments for further runs, one set per run, after the tool ended with `status`.
    ///
    /// With status 8 it could not read the superblock, which spans two sectors and can be torn by a power
    /// cut. e2fsck tries the copies by itself only if it may ask.
    public func otherSuperblocks(status: Int32) -> [[String]] {
        guard status == 8, repair == .preen else { return [] }
        return [["-b", "32768", "-B", "4096"], ["-b", "8193", "-B", "1024"]]
    }

    /// Whether a file system is fit for use after fsck(8) ended with `status`: it was clean, or is now.
    ///
    /// The restart that fsck may ask for is needed only for mounted file systems.
    public static func isFit(status: Int32) -> Bool {
        (0...3).contains(status)
    }
}

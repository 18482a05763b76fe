public import ImgbasedCore

/// Runs thin-provisioning-tools on a thin pool's metadata, in a device that nothing else uses.
public enum ThinTools {
    private static let check = "/usr/sbin/thin_check"
    private static let list = "/usr/sbin/thin_ls"

    /// Checks the metadata in the device at `path` with thin_check(8), as lvm2 does before it uses a pool.
    ///
    /// If it `mayRepair`, thin_check removes the mark `needs_check` from sound metadata, and from version
    /// 1.0.9 frees the blocks that a power cut during a discard leaves without an owner. lvm2:
    /// `thin_check_options` in lvm.conf(5).
    /// - Returns: Why nothing should write to the pool, which can be read; `nil` if nothing is wrong.
    /// - Throws: if the pool must not be used. Lost metadata forbids it for every policy and every program.
    public static func check(
        _ path: String, _ policy: ThinCheckPolicy, mayRepair: Bool, _ patience: Patience
    ) throws(BootError) -> String? {
        if try areMetadataMissing(path) {
            // The kernel would take the pool for a new one, and lvm2 lets it.
            throw .forbidden("the thin pool has lost its metadata; repair it with 'lvconvert --repair'")
        }
        if policy == .never { return nil }
        guard ChildProcess.isExecutable(check) else {
            if policy == .auto { return nil }
            throw .forbidden("rd.imgbased.thincheck=always, and the initramfs has no thin_check")
        }
        let repair = mayRepair ? ["--clear-needs-check-flag"] : []
        if try run(check, ["-q"] + repair + [path], patience) == 0 { return nil }
        guard try run(check, ["-q", "--ignore-non-fatal-errors", path], patience) == 0 else {
            throw .failed(
                "thin_check found the metadata of the thin pool damaged; repair it with 'lvconvert --repair'")
        }
        return "thin_check found errors in the metadata of the thin pool; repair it with 'lvconvert --repair'"
    }

    /// The output of thin_ls(8) for the metadata in the device at `path`; empty if the tool is missing or
    /// fails.
    public static func list(_ path: String, _ patience: Patience) throws(BootError) -> ThinListing {
        guard ChildProcess.isExecutable(list) else { return ThinListing("") }
        let result = try BootError.call(ChildProcess.run(list, ThinListing.arguments + [path], patience))
        return ThinListing(result.status == 0 ? result.output : "")
    }

    private static func areMetadataMissing(_ path: String) throws(BootError) -> Bool {
        let source = try BootError.call(OpenBlockSource(path: path))
        do throws(BlockReadError) {
            return try ThinMetadata.areMissing(in: source)
        } catch {
            throw .failed(SystemError("read", path, reason: error.reason).description)
        }
    }

    private static func run(
        _ tool: String, _ arguments: [String], _ patience: Patience
    ) throws(BootError) -> Int32 {
        try BootError.call(ChildProcess.run(tool, arguments, patience).status)
    }
}

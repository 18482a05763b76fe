/// The boots that a boot loader offers with a state of /boot.
struct BootView: Sendable {
    /// A kernel that the boot loader starts.
    struct Start: Hashable, Codable, Sendable {
        /// The entry's identifier.
        var entry: String
        /// The path of the kernel, and a digest of the bytes that the boot loader reads.
        var kernel: String
        var kernelDigest: String
        /// The path of the initramfs, and a digest of the bytes that the boot loader reads.
        var initramfs: String
        var initramfsDigest: String
        /// The kernel's arguments.
        var arguments: [String]

        /// Entry, contents and arguments, without the paths of the files: equal for equal boots.
        var identity: [String] { [entry, kernelDigest, initramfsDigest] + arguments }

        /// Whether the boot is a trial.
        var isTrial: Bool { arguments.contains("rd.imgbased.reason=trial") }

        /// The identity without the arguments that depend on the reason for the boot.
        var offer: [String] {
            let told = ["rd.imgbased.reason=", "rd.imgbased.fallback="]
            let trial = ["panic=10", "rd.shell=0", "rd.emergency=reboot", "systemd.crash_reboot=1"]
            return identity.filter { word in
                !trial.contains(word) && !told.contains { word.hasPrefix($0) }
            }
        }
    }

    /// The unattended boot; `nil` if the boot loader waits for a key.
    var unattended: Start?
    /// The last lines of the screen of the unattended boot.
    var screen = ""
    /// The boot of each requested layer, picked in the menu. Layers without an entry are missing.
    var menu: [String: Start] = [:]
    /// Whether the boot loader wrote a record before the journal was replayed.
    var isRewritten = false
    /// The boot loader's record that the system loses when it replays the journal; `nil` if none.
    var undone: String?
    /// The damage to the file system after the journal was replayed; `nil` if none.
    var damage: String?
}

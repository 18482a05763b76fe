/// The boots that a boot loader makes of a state of /boot.
struct BootView: Sendable {
    /// A kernel that the boot loader starts.
    struct Start: Hashable, Codable, Sendable {
        /// The entry's identifier.
        var entry: String
        /// The kernel's file, and a digest of the bytes that the boot loader reads.
        var kernel: String
        var kernelDigest: String
        /// The initramfs's file, and a digest as above.
        var initramfs: String
        var initramfsDigest: String
        /// The kernel's arguments.
        var arguments: [String]

        /// Entry, contents and arguments, without the files' places: equal for equal boots.
        var identity: [String] { [entry, kernelDigest, initramfsDigest] + arguments }

        /// Whether the boot is a trial.
        var isTrial: Bool { arguments.contains("rd.imgbased.reason=trial") }

        /// The identity without the arguments that depend on how the entry was picked.
        var offer: [String] {
            let told = ["rd.imgbased.reason=", "rd.imgbased.fallback="]
            let trial = ["panic=10", "rd.shell=0", "rd.emergency=reboot", "systemd.crash_reboot=1"]
            return identity.filter { word in
                !trial.contains(word) && !told.contains { word.hasPrefix($0) }
            }
        }
    }

    /// The boot without a person at the keyboard; `nil` if one is needed.
    var unattended: Start?
    /// The end of the screen in that case.
    var screen = ""
    /// The boots of the requested layers if picked in the menu; layers without an entry are missing.
    var menu: [String: Start] = [:]
    /// Whether the boot loader wrote a record over a journal that has yet to be replayed.
    var isRewritten = false
    /// A record written by the boot loader that the system loses when it replays the journal; `nil` if none.
    var undone: String?
    /// The damage to the file system after the journal was replayed; `nil` if none.
    var damage: String?
}

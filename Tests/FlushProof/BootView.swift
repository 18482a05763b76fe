/// What a boot loader makes of a state of /boot.
struct BootView: Sendable {
    /// A kernel that the boot loader starts.
    struct Start: Hashable, Codable, Sendable {
        /// The entry, by its identifier.
        var entry: String
        /// The kernel's file, and a digest of what the boot loader reads there.
        var kernel: String
        var kernelDigest: String
        /// The same of the initramfs.
        var initramfs: String
        var initramfsDigest: String
        /// The kernel's arguments.
        var arguments: [String]

        /// They and the contents, without where the files are: what makes a boot another one.
        var identity: [String] { [entry, kernelDigest, initramfsDigest] + arguments }

        /// Whether it is booted on trial.
        var isTrial: Bool { arguments.contains("rd.imgbased.reason=trial") }

        /// The same of an entry that somebody picks, whatever else GRUB tells the layer of how it was picked.
        var offer: [String] {
            let told = ["rd.imgbased.reason=", "rd.imgbased.fallback="]
            let trial = ["panic=10", "rd.shell=0", "rd.emergency=reboot", "systemd.crash_reboot=1"]
            return identity.filter { word in
                !trial.contains(word) && !told.contains { word.hasPrefix($0) }
            }
        }
    }

    /// What it starts when nobody is there; `nil` if a person is needed.
    var unattended: Start?
    /// Then the end of what is on the screen.
    var screen = ""
    /// What it starts when somebody picks one of the layers that were asked for; those without an entry are not there.
    var menu: [String: Start] = [:]
    /// Whether it wrote down what it does, over a journal that has yet to be replayed.
    var isRewritten = false
    /// What it wrote down and the system does not find when it has replayed its journal.
    var undone: String?
    /// What is wrong with the file system after its journal was replayed; `nil` if nothing is.
    var damage: String?
}

/// Mount options as mount(8) and fstab(5) have them, split into what mount(2) takes: flags, and data for the file system.
///
/// The words are those of libmount (util-linux 2.38: libmount/src/optmap.c, `linux_flags_map` and `userspace_opts_map`;
/// its Debian package has no static library), and so is the way they are read (optstr.c). What mount(8) does besides
/// mounting a root is told in ``leftOut``. It differs from mount(8) in two things: of words that exclude each other
/// the last one counts for access times as well, and what follows a quotation mark that is never closed is told.
public struct MountOptions: Hashable, Sendable {
    /// The flags of mount(2).
    public private(set) var flags: MountFlags = []
    /// What is for the file system, with commas between.
    public private(set) var data = ""
    /// Whether it is to be read-only, by the last word that says so; `nil` where none does.
    public private(set) var isReadOnly: Bool?
    /// Words that mean something to mount(8) and cannot be done for a root: loop devices and the like, and labels, as long
    /// as no policy is loaded.
    public private(set) var leftOut: [String] = []

    private static let accessTimes: MountFlags = [
        .noAccessTimes, .relativeAccessTimes, .strictAccessTimes,
    ]
    /// What `user` means in a mount by root.
    private static let secure: MountFlags = [.noPrograms, .noSetUserID, .noDevices]

    /// Options without a word.
    public init() {}

    /// Reads `text`, words with commas between; a comma between quotation marks is part of a word.
    public init(_ text: String) {
        var words: [String] = []
        let mark = UInt8(ascii: "\"")
        var isQuoted = false
        for part in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let piece = String(decoding: Array(part), as: UTF8.self)
            if isQuoted { words[words.count - 1] += "," + piece } else { words.append(piece) }
            for byte in part where byte == mark { isQuoted.toggle() }
        }
        if isQuoted, let last = words.popLast() { leftOut.append(last) }
        for word in words where !word.isEmpty { read(word) }
    }

    private mutating func read(_ word: String) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let value = parts.count > 1 && !parts[1].isEmpty ? String(parts[1]) : nil
        // util-linux 2.39 has such values for mounts it makes in two steps.
        let isPlain = value == nil || ["vfs", "fs", "recursive"].contains(value)
        if isPlain, let (flag, isSet) = MountOptions.flag(name) {
            set(flag, isSet)
        } else if MountOptions.isForSystem(name, value) {
            if value == nil { restrict(name) }
        } else if MountOptions.isForOther(name, value) {
            leftOut.append(word)
        } else {
            data += (data.isEmpty ? "" : ",") + word
        }
    }

    private mutating func set(_ flag: MountFlags, _ isSet: Bool) {
        if flag == .readOnly { isReadOnly = isSet }
        if isSet, MountOptions.accessTimes.contains(flag) { flags.subtract(MountOptions.accessTimes) }
        if isSet { flags.formUnion(flag) } else { flags.subtract(flag) }
    }

    /// Who may mount it does not matter here, but what these words imply does.
    private mutating func restrict(_ name: String) {
        switch name {
        case "user", "users": flags.formUnion(MountOptions.secure)
        case "owner", "group": flags.formUnion([.noSetUserID, .noDevices])
        default: break
        }
    }

    private static func flag(_ name: String) -> (MountFlags, isSet: Bool)? {
        switch name {
        case "ro": (.readOnly, true)
        case "rw": (.readOnly, false)
        case "noexec": (.noPrograms, true)
        case "exec": (.noPrograms, false)
        case "nosuid": (.noSetUserID, true)
        case "suid": (.noSetUserID, false)
        case "nodev": (.noDevices, true)
        case "dev": (.noDevices, false)
        case "sync": (.synchronous, true)
        case "async": (.synchronous, false)
        case "dirsync": (.synchronousDirectories, true)
        case "silent": (.silent, true)
        case "loud": (.silent, false)
        case "mand": (.mandatoryLocks, true)
        case "nomand": (.mandatoryLocks, false)
        case "noatime": (.noAccessTimes, true)
        case "atime": (.noAccessTimes, false)
        case "iversion": (.versions, true)
        case "noiversion": (.versions, false)
        case "nodiratime": (.noDirectoryAccessTimes, true)
        case "diratime": (.noDirectoryAccessTimes, false)
        case "relatime": (.relativeAccessTimes, true)
        case "norelatime": (.relativeAccessTimes, false)
        case "strictatime": (.strictAccessTimes, true)
        case "nostrictatime": (.strictAccessTimes, false)
        case "lazytime": (.lazyTimes, true)
        case "nolazytime": (.lazyTimes, false)
        case "nosymfollow": (.noLinks, true)
        case "symfollow": (.noLinks, false)
        default: nil
        }
    }

    /// Whether it is for programs that read fstab(5), and nothing to do.
    private static func isForSystem(_ name: String, _ value: String?) -> Bool {
        if name.hasPrefix("x-") { return true }
        // What mount(8) does itself, but for making a directory.
        if name.hasPrefix("X-") { return !name.hasPrefix("X-mount.") || name == "X-mount.mkdir" }
        switch name {
        case "user", "comment", "helper", "uhelper": return true
        case "defaults", "auto", "noauto", "nouser", "users", "nousers", "owner", "noowner", "group",
            "nogroup",
            "_netdev", "nofail":
            return value == nil
        default: return false
        }
    }

    private static func isForOther(_ name: String, _ value: String?) -> Bool {
        if name.hasPrefix("X-mount.") || name.hasPrefix("verity.") { return true }
        switch name {
        case "loop", "offset", "sizelimit", "encryption": return true
        case "remount", "bind", "rbind", "unbindable", "runbindable", "private", "rprivate", "slave",
            "rslave",
            "shared", "rshared":
            return value == nil
        // mount(8) leaves these out as well where no policy is loaded: the kernel would refuse them.
        case "context", "fscontext", "defcontext", "rootcontext", "seclabel", "smackfsdef", "smackfsfloor",
            "smackfshat", "smackfsroot", "smackfstransmute":
            return true
        default: return false
        }
    }
}

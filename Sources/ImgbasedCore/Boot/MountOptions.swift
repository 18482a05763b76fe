/// Mount options of mount(8) and fstab(5), split for mount(2): flags, and data for the file system.
///
/// Words and syntax are those of libmount (util-linux 2.38: libmount/src/optmap.c, `linux_flags_map` and
/// `userspace_opts_map`, and optstr.c); its Debian package has no static library. ``leftOut`` holds words for
/// work of mount(8) other than mounting a root. Two things differ from mount(8): of conflicting words the
/// last one counts for access times too, and text after an unclosed quotation mark is reported.
public struct MountOptions: Hashable, Sendable {
    /// The flags of mount(2).
    public private(set) var flags: MountFlags = []
    /// The options for the file system, separated by commas.
    public private(set) var data = ""
    /// Whether the mount is to be read-only, by the last word that says so; `nil` if none does.
    public private(set) var isReadOnly: Bool?
    /// Words that mount(8) knows and that cannot be applied to a root.
    ///
    /// These are loop devices and the like, and labels as long as no policy is loaded.
    public private(set) var leftOut: [String] = []

    private static let accessTimes: MountFlags = [
        .noAccessTimes, .relativeAccessTimes, .strictAccessTimes,
    ]
    /// The flags that `user` implies in a mount by root.
    private static let secure: MountFlags = [.noPrograms, .noSetUserID, .noDevices]

    /// Creates options without a word.
    public init() {}

    /// Reads words separated by commas; a comma between quotation marks is part of a word.
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
        // util-linux 2.39 has such values for mounts that it makes in two steps.
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

    /// Sets the flags that these words imply; who may mount does not matter here.
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

    /// Whether the word is only for programs that read fstab(5), and needs no action.
    private static func isForSystem(_ name: String, _ value: String?) -> Bool {
        if name.hasPrefix("x-") { return true }
        // mount(8) itself does the work of X-mount.*; making a directory needs no action here.
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
        // mount(8) also leaves these out if no policy is loaded: the kernel would refuse them.
        case "context", "fscontext", "defcontext", "rootcontext", "seclabel", "smackfsdef", "smackfsfloor",
            "smackfshat", "smackfsroot", "smackfstransmute":
            return true
        default: return false
        }
    }
}

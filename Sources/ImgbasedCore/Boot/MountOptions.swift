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

    /// The words for flags of mount(2), and whether the word sets the flag.
    ///
    /// A `switch` over strings would make the helper several kilobytes larger.
    private static let flagWords: [(word: String, flag: MountFlags, isSet: Bool)] = [
        ("ro", .readOnly, true),
        ("rw", .readOnly, false),
        ("noexec", .noPrograms, true),
        ("exec", .noPrograms, false),
        ("nosuid", .noSetUserID, true),
        ("suid", .noSetUserID, false),
        ("nodev", .noDevices, true),
        ("dev", .noDevices, false),
        ("sync", .synchronous, true),
        ("async", .synchronous, false),
        ("dirsync", .synchronousDirectories, true),
        ("silent", .silent, true),
        ("loud", .silent, false),
        ("mand", .mandatoryLocks, true),
        ("nomand", .mandatoryLocks, false),
        ("noatime", .noAccessTimes, true),
        ("atime", .noAccessTimes, false),
        ("iversion", .versions, true),
        ("noiversion", .versions, false),
        ("nodiratime", .noDirectoryAccessTimes, true),
        ("diratime", .noDirectoryAccessTimes, false),
        ("relatime", .relativeAccessTimes, true),
        ("norelatime", .relativeAccessTimes, false),
        ("strictatime", .strictAccessTimes, true),
        ("nostrictatime", .strictAccessTimes, false),
        ("lazytime", .lazyTimes, true),
        ("nolazytime", .lazyTimes, false),
        ("nosymfollow", .noLinks, true),
        ("symfollow", .noLinks, false),
    ]
    /// Words only for programs that read fstab(5), with or without a value.
    private static let systemWords = ["user", "comment", "helper", "uhelper"]
    /// The same, without a value.
    private static let plainSystemWords = [
        "defaults", "auto", "noauto", "nouser", "users", "nousers", "owner", "noowner", "group", "nogroup",
        "_netdev", "nofail",
    ]
    /// Words that cannot be applied to a root, with or without a value. mount(8) also leaves out those about
    /// security contexts if no policy is loaded: the kernel would refuse them.
    private static let otherWords = [
        "loop", "offset", "sizelimit", "encryption", "context", "fscontext", "defcontext", "rootcontext",
        "seclabel", "smackfsdef", "smackfsfloor", "smackfshat", "smackfsroot", "smackfstransmute",
    ]
    /// The same, without a value.
    private static let plainOtherWords = [
        "remount", "bind", "rbind", "unbindable", "runbindable", "private", "rprivate", "slave", "rslave",
        "shared", "rshared",
    ]

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
        let equals = word.utf8.firstIndex(of: UInt8(ascii: "="))
        let name = String(word[..<(equals ?? word.endIndex)])
        let rest = equals.map { word[word.utf8.index(after: $0)...] } ?? ""
        let value = rest.isEmpty ? nil : String(rest)
        // util-linux 2.39 has such values for mounts that it makes in two steps.
        let isPlain = value == nil || ["vfs", "fs", "recursive"].contains(value)
        if isPlain, let known = MountOptions.flagWords.first(where: { $0.word == name }) {
            set(known.flag, known.isSet)
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

    /// Whether the word is only for programs that read fstab(5), and needs no action.
    private static func isForSystem(_ name: String, _ value: String?) -> Bool {
        if name.hasPrefix("x-") { return true }
        // mount(8) itself does the work of X-mount.*; making a directory needs no action here.
        if name.hasPrefix("X-") { return !name.hasPrefix("X-mount.") || name == "X-mount.mkdir" }
        return systemWords.contains(name) || (value == nil && plainSystemWords.contains(name))
    }

    private static func isForOther(_ name: String, _ value: String?) -> Bool {
        if name.hasPrefix("X-mount.") || name.hasPrefix("verity.") { return true }
        return otherWords.contains(name) || (value == nil && plainOtherWords.contains(name))
    }
}

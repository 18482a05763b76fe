public import ImgbasedCore

/// The reasons for the refusal of an installation.
public enum InstallReason: Error, Hashable, Sendable {
    case needsWipe(disk: String, contents: String)
    case holdsHost(disk: String, group: String)
    case mayHoldHost(disk: String, cover: String)
    case badArgument(String, problem: String)
    case notAsked
    case inUse(disk: String, by: String)
    case groupSpans(String, disk: String, others: [String])
    case groupExists(String, on: [String])
    case notWhole(disk: String, kind: String)
    case tooShort(disk: String, missing: Bytes)
    case bootTooSmall(needed: Bytes)
    case noBootDirectory
    case noGRUB([GRUBPlatform])
    case noSystemdBoot(String)
    case noTools([Tool])
    case badHostName(String)
    case badPassword(String)
    case privateKey(String)
    case badKey(String, line: Int)
    case noKey(String)
    case badOverlay(String, place: String, problem: String)
    case notPrivate(String, problem: String)
    case noRoot(layer: String)
}

extension InstallReason: CustomStringConvertible {
    /// The reason, and what to do, as the end of a sentence.
    public var description: String {
        switch self {
        case .needsWipe(let disk, let contents):
            "'\(disk)' is not empty: it has \(contents); give --wipe if nothing on it is needed"
        case .holdsHost(let disk, let group):
            "'\(disk)' has a host of imgbased, with volume group '\(group)'; leave out --keep-hosts, or give "
                + "imgbased.install.wipe=all to the kernel, if nothing on it is needed"
        case .mayHoldHost(let disk, let cover):
            "'\(disk)' has \(cover), which can hide a host of imgbased; leave out --keep-hosts, or give "
                + "imgbased.install.wipe=all to the kernel, if nothing on it is needed"
        case .badArgument(let argument, let problem): "the kernel's argument '\(argument)' \(problem)"
        case .notAsked: "the kernel has no argument '\(UnattendedInstallation.argument)='"
        case .inUse(let disk, let user):
            "'\(disk)' is in use by '\(user)'; unmount it, or end what uses it"
        case .groupSpans(let group, let disk, let others):
            "volume group '\(group)' on '\(disk)' has other disks: \(others.joined(separator: ", ")); remove the group "
                + "first, or name them all"
        case .groupExists(let group, let disks):
            "volume group '\(group)' exists already, on \(disks.joined(separator: ", ")); name the new one with --vg"
        case .notWhole(let disk, let kind): "'\(disk)' is not a whole disk but of type \(kind); name a disk"
        case .tooShort(let disk, let missing): "'\(disk)' is too small by \(missing.formatted)"
        case .bootTooSmall(let needed): "--boot-size must be at least \(needed.formatted)"
        case .noBootDirectory:
            "there is no directory '/boot' here, where the new one is mounted meanwhile; make it"
        case .noGRUB(let platforms):
            "GRUB is not installed here: none of \(platforms.map { "'\($0.directory)'" }.joined(separator: ", ")) exists; "
                + "install the package that has it (Debian: grub-pc-bin, grub-efi-amd64-bin, grub-efi-arm64-bin)"
        case .noSystemdBoot(let program):
            "systemd-boot is not here: '\(program)' does not exist; install the package that has it (Debian: systemd-boot, "
                + "which on Debian 12 also makes it this host's boot loader if there is an ESP)"
        case .noTools(let tools):
            "\(tools.map { "'\($0.path)'" }.joined(separator: ", ")) \(tools.count == 1 ? "is" : "are") missing here; install "
                + Set(tools.map { $0.package ?? $0.name }).sorted().joined(separator: ", ")
        case .badHostName(let text):
            "'\(text)' is no host name; give labels of letters, digits and hyphens, separated by dots, at most 64 in all"
        case .badPassword(let path):
            "'\(path)' does not hold the hash of a password, and nothing else; make it with 'openssl passwd -6'"
        case .privateKey(let path): "'\(path)' is a private key; give the public one, usually '\(path).pub'"
        case .badKey(let path, let line): "line \(line) of '\(path)' is no public key of OpenSSH"
        case .noKey(let path): "'\(path)' holds no key"
        case .badOverlay(let path, let place, let problem):
            "'\(place)' in '\(path)' \(problem)"
        case .notPrivate(let path, let problem): "'\(path)' \(problem)"
        case .noRoot(let layer):
            "the image has no account 'root' in '/etc/shadow', so '\(layer)' cannot get a password"
        }
    }
}

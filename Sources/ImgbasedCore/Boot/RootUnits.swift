/// The units with which a generator in the initramfs makes systemd take the root from the helper.
///
/// For `root=`, systemd-fstab-generator and dracut make units that wait for the device it names. The chosen
/// layer may be on another one: `rd.imgbased.layer=` and fallbacks take precedence. Files of the same names
/// in the generator's early directory override those units (systemd.unit(5), systemd.generator(7)).
public enum RootUnits {
    /// A file or link below the generator's early directory.
    public enum Item: Hashable, Sendable {
        /// A file with this text.
        case file(path: String, text: String)
        /// A symbolic link.
        case link(path: String, target: String)
    }

    /// The unit that mounts the chosen layer; it runs `imgbase-initrd boot`.
    public static let service = "imgbase-initrd.service"

    /// The files and links needed if the kernel command line has `root=rootArgument`.
    public static func items(rootArgument: String?) -> [Item] {
        var items: [Item] = [
            // The helper mounts /sysroot before its service ends. systemd then finds this unit done, and
            // never runs its mount. The name below /run keeps systemd from waiting for a device in /dev.
            .file(
                path: "sysroot.mount",
                text: """
                    [Unit]
                    Description=Root of the chosen layer
                    Documentation=man:imgbased.cmdline(7)
                    DefaultDependencies=no
                    Requires=\(service)
                    After=\(service)
                    Before=initrd-root-fs.target

                    [Mount]
                    What=/run/imgbased/root
                    Where=/sysroot

                    """),
            .link(path: "initrd-root-fs.target.requires/sysroot.mount", target: "../sysroot.mount"),
            // Removes systemd's wait for the device of root=.
            .link(path: "initrd-root-device.target.d/50-root-device.conf", target: "/dev/null"),
        ]
        // Removes dracut's.
        if let node = rootArgument.flatMap(deviceNode) {
            items.append(.link(path: "initrd.target.wants/\(deviceUnitName(node))", target: "/dev/null"))
        }
        return items
    }

    /// The node that dracut waits for if the kernel command line has `root=argument`; `nil` without one.
    ///
    /// Source: dracut, 98dracut-systemd/rootfs-generator.sh, and `label_uuid_to_dev` of 99base/dracut-lib.sh.
    static func deviceNode(_ argument: String) -> String? {
        let name = argument.hasPrefix("block:") ? String(argument.dropFirst("block:".count)) : argument
        if name.hasPrefix("/dev/") { return name }
        let parts = name.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "UUID": return "/dev/disk/by-uuid/\(parts[1])"
        case "PARTUUID": return "/dev/disk/by-partuuid/\(parts[1])"
        case "LABEL": return "/dev/disk/by-label/\(escapedLabel(parts[1]))"
        case "PARTLABEL": return "/dev/disk/by-partlabel/\(escapedLabel(parts[1]))"
        default: return nil
        }
    }

    /// Escapes a label as udev does in its links, but only the characters that dracut knows.
    private static func escapedLabel(_ label: Substring) -> String {
        var result = ""
        for scalar in label.unicodeScalars {
            switch scalar {
            case "/": result += "\\x2f"
            case " ": result += "\\x20"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The name of the device unit for the node at `path`, escaped as systemd does it.
    ///
    /// Source: systemd.unit(5), "String escaping for inclusion in unit names".
    static func deviceUnitName(_ path: String) -> String {
        let trimmed = path.split(separator: "/").joined(separator: "/")
        var name = ""
        for (index, byte) in trimmed.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "/"):
                name += "-"
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: ":"), UInt8(ascii: "_"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: ".") where index > 0:
                name += "."
            default:
                let digits = String(byte, radix: 16)
                name += "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
            }
        }
        return name + ".device"
    }
}

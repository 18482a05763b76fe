import TestMachine
import Testing

extension VM {
    /// Expects that lvm2 in the booted system reports and changes the volumes that the helper activated.
    ///
    /// - Parameter layer: the booted layer.
    func expectVolumesOfLVM(layer: String) throws {
        try expect("active open", from: lvs("lv_active,lv_device_open", layer))
        try expect("active", from: lvs("lv_active", "ImagePool"))
        try expect("monitored", from: lvs("seg_monitor", "ImagePool"))
        try expect("", from: "vgck HostVG")
        // The kernel's tables equal those that lvm2 would make.
        try expect("", from: "dmsetup table --target thin-pool | grep -v ' thin-pool .* 0 *$'")
        try expect("", from: "dmsetup udevcookies | tail -n +2")

        // Volumes come and go in the pool under the mounted root.
        try check("lvcreate -y -q -V 64M -T HostVG/ImagePool -n probe && mkfs.ext4 -q /dev/HostVG/probe")
        try check("lvcreate -y -q -s -kn HostVG/\(layer) -n copy && test -b /dev/HostVG/copy")
        try check("lvremove -y -q HostVG/probe HostVG/copy")
        try check("lvs HostVG/probe 2>&1 | grep -q 'Failed to find'")

        // The pool grows for lvm2 and for the kernel.
        let size = "lvs --noheadings --nosuffix --units s -o lv_size HostVG/ImagePool"
        let before = try check(size)
        try check("lvextend -y -q -L +64M HostVG/ImagePool")
        try expect("131072", from: "echo $(( $(\(size)) - \(before) ))")
        try expect(
            "0", from: "echo $(( $(\(size)) - $(blockdev --getsz /dev/mapper/HostVG-ImagePool-tpool) ))")

        // Another layer is deactivated and activated; the booted one is in use.
        try check("lvchange -an HostVG/Base-1.1")
        try expect("", from: lvs("lv_active", "Base-1.1"))
        try check("lvchange -ay HostVG/Base-1.1")
        try expect("active", from: lvs("lv_active", "Base-1.1"))
        let refused = try run("lvchange -an HostVG/\(layer)")
        #expect(refused.status == 5)
        #expect(refused.output.contains("in use"))
    }

    /// Expects that udev and systemd see the booted volume as if lvm2 had activated it.
    func expectStateOfUdev(layer: String) throws {
        let properties = try check("udevadm info --query property /dev/HostVG/\(layer)").split(
            separator: "\n")
        for property in ["DM_UDEV_PRIMARY_SOURCE_FLAG=1", "DM_VG_NAME=HostVG", "DM_LV_NAME=\(layer)"] {
            #expect(properties.contains(Substring(property)))
        }
        for property in properties where property.hasPrefix("DM_UDEV_DISABLE_") {
            // udev makes the names, not the library; all rules run.
            #expect(property == "DM_UDEV_DISABLE_LIBRARY_FALLBACK_FLAG=1")
        }
        #expect(!properties.contains("SYSTEMD_READY=0"))
        for link in ["/dev/HostVG/\(layer)", "/dev/mapper/HostVG-\(layer.replacing("-", with: "--"))"] {
            try check("test -L \(link)")
        }
        try expect(
            check("readlink -f /dev/HostVG/\(layer)"),
            from: "readlink -f /dev/disk/by-uuid/$(findmnt -no UUID /)")
        let unit = try check("systemd-escape --path --suffix device /dev/HostVG/\(layer)")
        try expect("active", from: "systemctl is-active '\(unit)'")
    }

    private func lvs(_ fields: String, _ volume: String) -> String {
        "lvs --noheadings --separator ' ' -o \(fields) HostVG/\(volume) | sed 's/^ *//'"
    }
}

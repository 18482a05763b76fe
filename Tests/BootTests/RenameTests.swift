import TestMachine
import Testing

/// A volume group that its administrator has renamed.
@Suite struct RenameTests {
    /// Until the entries are repaired, each boot waits for the old group name as long as for a disk.
    @Test(
        "A host with a renamed volume group boots, and the old name is reported and mended in every layer",
        .checkAll)
    func renamed() throws {
        try Artefacts.host("renamed").run { vm in
            try vm.check("vgrename -q HostVG Renamed")
            try vm.reboot()
            try vm.waitForGuest(after: "Loading layer Base-0.1")
            var report = try vm.bootReport()
            #expect(report.layer == "Base-0.1")
            #expect(report.volumeGroup == "Renamed")
            #expect(
                report.warnings == [
                    "there is no volume group 'HostVG'; 'Renamed' is the one tagged 'imgbased:vg'"
                ])
            let verified = try vm.run("imgbase boot --verify")
            #expect(verified.status == 1)
            for layer in ["Base-0.1", "Base-0.2", "Base-1.1"] {
                #expect(verified.output.contains("the entry of '\(layer)' names volume group 'HostVG'"))
            }

            try vm.check("imgbase recover")
            try vm.check("imgbase boot --verify")
            try vm.check("! grep -r HostVG /boot/loader/entries /boot/grub/imgbased.cfg /etc/fstab")
            for layer in ["Base-0.2", "Base-1.1"] {
                try vm.check(
                    """
                    mount -o ro,noload /dev/Renamed/\(layer) /mnt
                    cat /mnt/etc/fstab
                    ! grep HostVG /mnt/etc/fstab && grep -q /dev/Renamed/\(layer) /mnt/etc/fstab
                    status=$?
                    umount /mnt
                    exit $status
                    """)
            }
            try vm.reboot()
            try vm.waitForGuest(after: "Loading layer Base-0.1")
            report = try vm.bootReport()
            #expect(report.warnings == [])
            try vm.expect("running", from: "systemctl is-system-running --wait || systemctl --failed")
            try vm.expect("/dev/mapper/Renamed-Config", from: "findmnt -no SOURCE /config")
        }
    }
}

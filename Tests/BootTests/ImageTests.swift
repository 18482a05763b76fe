import TestMachine
import Testing

/// Delivered images, with the tools of the host to update.
@Suite struct ImageTests {
    @Test(
        "A signed live image and an OCI image become layers that boot; an image signed by another key is refused",
        .checkAll)
    func images() throws {
        let images = Disk.readOnly(try Artefacts.updateImages.disk)
        try Artefacts.host("images", disks: [images]).run { vm in
            try vm.check(
                "mount -o ro /dev/vdb /mnt && cp /mnt/trusted.gpg /etc/imgbased/ && echo mine >/etc/local.conf"
            )
            let volumes = try vm.check("lvs --noheadings -o lv_name,lv_tags HostVG")
            let forged = try vm.run("imgbase update /mnt/forged/live.img")
            #expect(forged.status == 2)
            #expect(forged.output.contains("is not good"), "\(forged.output)")
            let unsigned = try vm.run("imgbase update /mnt/oci")
            #expect(unsigned.status == 2)
            #expect(unsigned.output.contains("a directory has no signature"), "\(unsigned.output)")
            #expect(try vm.check("lvs --noheadings -o lv_name,lv_tags HostVG") == volumes)

            try vm.update(to: "node-2-1", "/mnt/live/live.img")
            try vm.expect("live image", from: "sed -n 's/PRETTY_NAME=\"\\(.*\\)\"/\\1/p' /usr/lib/os-release")

            // Here signatures are no longer required.
            try vm.check("mount -o ro /dev/vdb /mnt && rm /etc/imgbased/trusted.gpg")
            try vm.update(to: "node-3-1", "/mnt/oci")
            try vm.expect("OCI image", from: "sed -n 's/PRETTY_NAME=\"\\(.*\\)\"/\\1/p' /usr/lib/os-release")
            try vm.expect("ext4", from: "findmnt -no FSTYPE /")
            try vm.check("! test -e /etc/issue.net")
            try vm.check("! test -e /etc/imgbased/trusted.gpg")
        }
    }
}

extension VM {
    /// Updates to `image` as base `name`, and boots the update.
    fileprivate func update(to name: String, _ image: String) throws {
        let output = try check("imgbase update --name \(name) \(image)", within: .minutes(10))
        #expect(output.hasSuffix("\(name)+1"))
        try reboot()
        try expectStatus("\(name)+1", "trial")
        try expect("mine", from: "cat /etc/local.conf")
        try check("imgbase base --verify \(name)", within: .minutes(5))
    }
}

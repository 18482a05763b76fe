import Testing

@testable import ImgbasedCore

@Suite struct RootUnitsTests {
    // Expected names by `systemd-escape --path --suffix=device`.
    @Test(arguments: [
        ("/dev/HostVG/Base-0.1", #"dev-HostVG-Base\x2d0.1.device"#),
        ("/dev/mapper/HostVG-Base--0.1", #"dev-mapper-HostVG\x2dBase\x2d\x2d0.1.device"#),
        ("/dev/HostVG/node-4.5.1-1+1", #"dev-HostVG-node\x2d4.5.1\x2d1\x2b1.device"#),
        ("//dev///vda/", "dev-vda.device"),
        (".hidden/x", #"\x2ehidden-x.device"#),
        ("/dev/ü", #"dev-\xc3\xbc.device"#),
    ])
    func namesAreEscapedAsSystemdDoes(path: String, unit: String) {
        #expect(RootUnits.deviceUnitName(path) == unit)
    }

    @Test func nothingWaitsForTheDeviceOfRoot() {
        let items = RootUnits.items(rootArgument: "/dev/HostVG/Base-0.1")
        #expect(
            items.contains(
                .link(path: #"initrd.target.wants/dev-HostVG-Base\x2d0.1.device"#, target: "/dev/null")))
        #expect(
            items.contains(
                .link(path: "initrd-root-device.target.d/50-root-device.conf", target: "/dev/null")))
    }

    // Expected names by dracut's rootfs-generator.sh.
    @Test(arguments: [
        ("block:/dev/HostVG/Base-0", #"dev-HostVG-Base\x2d0.device"#),
        ("UUID=0b3a-ffe0", #"dev-disk-by\x2duuid-0b3a\x2dffe0.device"#),
        ("block:UUID=0b3a", #"dev-disk-by\x2duuid-0b3a.device"#),
        ("PARTUUID=01", #"dev-disk-by\x2dpartuuid-01.device"#),
        ("LABEL=a b/c=d", #"dev-disk-by\x2dlabel-a\x5cx20b\x5cx2fc\x3dd.device"#),
        ("PARTLABEL=root", #"dev-disk-by\x2dpartlabel-root.device"#),
    ])
    func nothingWaitsForItHoweverItIsNamed(root: String, unit: String) {
        #expect(
            RootUnits.items(rootArgument: root).contains(
                .link(path: "initrd.target.wants/\(unit)", target: "/dev/null")))
    }

    @Test(arguments: [nil, "gpt-auto", "ID=x", "nfs:server:/root"])
    func otherRootsHaveNoUnitOfDracutToMask(root: String?) {
        #expect(RootUnits.items(rootArgument: root).count == 3)
    }
}

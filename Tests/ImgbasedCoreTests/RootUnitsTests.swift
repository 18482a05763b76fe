import Testing

@testable import ImgbasedCore

@Suite struct RootUnitsTests {
    // What `systemd-escape --path --suffix=device` prints for each.
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

    @Test(arguments: [nil, "UUID=0b3a", "gpt-auto"])
    func otherRootsHaveNoUnitOfDracutToMask(root: String?) {
        #expect(RootUnits.items(rootArgument: root).count == 3)
    }
}

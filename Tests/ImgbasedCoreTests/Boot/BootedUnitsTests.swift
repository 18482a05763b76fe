import Testing

@testable import ImgbasedCore

@Suite struct BootedUnitsTests {
    @Test(arguments: [BootMode.readWrite, .volatile])
    func aRootThatCanBeWrittenIsTheSystems(mode: BootMode) {
        #expect(BootedUnits.items(mode: mode).isEmpty)
    }

    @Test func aRootThatIsNotToBeWrittenIsNotCheckedAndMayStaySo() {
        let items = BootedUnits.items(mode: .readOnly)
        #expect(items.contains(.link(path: "systemd-fsck-root.service", target: "/dev/null")))
        #expect(
            items.contains(
                .file(
                    path: "systemd-remount-fs.service.d/50-imgbased.conf",
                    text: "[Service]\nSuccessExitStatus=1\n")))
    }
}

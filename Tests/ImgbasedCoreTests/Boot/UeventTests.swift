import ImgbasedCore
import Testing

@Suite struct UeventTests {
    /// A message in the kernel's form: a summary and the fields, each ended by a zero byte.
    private func message(_ fields: [String]) -> [UInt8] {
        fields.flatMap { Array($0.utf8) + [0] }
    }

    @Test(arguments: [("add", false), ("change", false), ("remove", true)])
    func blockDevicesThatComeOrGoAreSeen(action: String, isRemoval: Bool) {
        let event = Uevent(
            message([
                "\(action)@/devices/pci0000:00/0000:00:04.0/virtio1/block/vda/vda4", "ACTION=\(action)",
                "DEVPATH=/devices/pci0000:00/0000:00:04.0/virtio1/block/vda/vda4", "SUBSYSTEM=block",
                "MAJOR=254",
                "DEVNAME=vda4", "DEVTYPE=partition", "SEQNUM=1077",
            ]))
        #expect(event?.name == "vda4")
        #expect(event?.isRemoval == isRemoval)
    }

    /// By bytes: to the kernel, a slash with an accent is a slash.
    @Test func namesHoldNoSlash() {
        let event = Uevent(message(["ACTION=add", "DEVPATH=/a/\u{301}b", "SUBSYSTEM=block"]))
        #expect(event?.name == "\u{301}b")
    }

    @Test(arguments: [
        [],
        [""],
        ["add@/devices/x"],
        ["move@/devices/x/vda", "ACTION=move", "DEVPATH=/devices/x/vda", "SUBSYSTEM=block"],
        ["add@/devices/x/tty1", "ACTION=add", "DEVPATH=/devices/x/tty1", "SUBSYSTEM=tty"],
        ["add@/", "ACTION=add", "DEVPATH=/", "SUBSYSTEM=block"],
        ["libudev", "ACTION=add", "SUBSYSTEM=block"],
    ])
    func anythingElseIsPassedOver(fields: [String]) {
        #expect(Uevent(message(fields)) == nil)
    }
}

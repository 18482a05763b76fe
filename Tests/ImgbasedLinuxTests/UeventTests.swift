import Testing

@testable import ImgbasedLinux

@Suite struct UeventTests {
    /// A message as the kernel sends it: a summary and the fields, each ended by a zero byte.
    private func message(_ fields: [String]) -> [UInt8] {
        fields.flatMap { Array($0.utf8) + [0] }
    }

    @Test(arguments: ["add", "change"])
    func blockDevicesThatComeAreSeen(action: String) {
        let event = UeventMonitor.parse(
            message([
                "\(action)@/devices/pci0000:00/0000:00:04.0/virtio1/block/vda/vda4", "ACTION=\(action)",
                "DEVPATH=/devices/pci0000:00/0000:00:04.0/virtio1/block/vda/vda4", "SUBSYSTEM=block",
                "MAJOR=254",
                "DEVNAME=vda4", "DEVTYPE=partition", "SEQNUM=1077",
            ]))
        #expect(event?.name == "vda4")
    }

    @Test(arguments: [
        [],
        [""],
        ["add@/devices/x"],
        ["remove@/devices/x/vda", "ACTION=remove", "DEVPATH=/devices/x/vda", "SUBSYSTEM=block"],
        ["add@/devices/x/tty1", "ACTION=add", "DEVPATH=/devices/x/tty1", "SUBSYSTEM=tty"],
        ["add@/", "ACTION=add", "DEVPATH=/", "SUBSYSTEM=block"],
        ["libudev", "ACTION=add", "SUBSYSTEM=block"],
    ])
    func anythingElseIsPassedOver(fields: [String]) {
        #expect(UeventMonitor.parse(message(fields)) == nil)
    }

    @Test func waitingEndsAtTheDeadline() throws {
        let monitor = try UeventMonitor()
        let start = Monotonic.now()
        // The clock of the deadline is the monitor's own: an event of this machine would only end it sooner.
        _ = try monitor.next(until: start)
        #expect(Monotonic.now().milliseconds(since: start) < 1000)
    }
}

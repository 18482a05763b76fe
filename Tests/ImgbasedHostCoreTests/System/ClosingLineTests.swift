import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// What a command says at its end.
@Suite struct ClosingLineTests {
    private static let besides = "what the boot loader has besides layers"

    @Test func whatWasMadeNamesTheNextCommand() throws {
        let names = FakeMachine.names
        #expect(
            ClosingLine.laidOut(names).text(nil)
                == "volume group 'HostVG' has the pool 'ImagePool' and /config; add a base to it with "
                + "'imgbase base add IMAGE'")
        #expect(
            ClosingLine.addedBase("Base-0").text(nil)
                == "base 'Base-0' is complete; add a layer that boots from it with 'imgbase layer add Base-0'"
        )
    }

    @Test func aFirstLayerIsTriedBesidesWhatIsThere() throws {
        let machine = try FakeMachine.host(layers: 1)
        #expect(
            ClosingLine.addedLayer("Base-0.1").text(machine.status)
                == "layer 'Base-0.1' has an entry; the next boot tries 'Base-0.1', which has 3 tries; unless it "
                + "comes up healthy, the host then boots \(Self.besides) again")
    }

    @Test func theNextBootIsWhatTheRecordSays() throws {
        var machine = try FakeMachine.host(layers: 2)
        machine.settle(on: "Base-0.1")
        #expect(
            ClosingLine.addedLayer("Base-0.2").text(machine.status)
                == "layer 'Base-0.2' has an entry; the next boot boots 'Base-0.1', the default; boot the new "
                + "layer on trial with 'imgbase boot try Base-0.2'")
        try machine.change(.once("Base-0.2"))
        let once = "the next boot boots 'Base-0.2' once, and then 'Base-0.1'"
        #expect(ClosingLine.changed(.once("Base-0.2")).text(machine.status) == once)
        #expect(ClosingLine.nextBoot.text(machine.status) == once)
        machine.settle(on: "Base-0.1")
        try machine.change(.trial("Base-0.2", tries: 1))
        let trial =
            "the next boot tries 'Base-0.2', which has 1 try; unless it comes up healthy, the host then boots "
            + "'Base-0.1' again"
        #expect(ClosingLine.changed(.trial("Base-0.2", tries: 1)).text(machine.status) == trial)
        #expect(
            ClosingLine.updated("Base-0.2").text(machine.status)
                == "layer 'Base-0.2' has the new base and this host's configuration; \(trial); reboot to begin, "
                + "or take the update back with 'imgbase rollback'")
        #expect(ClosingLine.wentBack("Base-0.2").text(machine.status) == "\(trial); reboot to go back")
        machine.state.earlyBoot = HostStatus.EarlyBoot(
            layer: "Base-0.2", mode: .readWrite, degraded: nil, fallbacks: [])
        #expect(ClosingLine.wentBack("Base-0.2").text(machine.status) == trial)
    }

    @Test func aMenuWithoutLayersSaysSo() throws {
        var machine = try FakeMachine.host(layers: 1)
        machine.state.boot.grubConfig = ""
        #expect(
            ClosingLine.menu(isInstalled: false).text(machine.status)
                == "the boot menu no longer shows the layers; the next boot boots \(Self.besides)")
        machine = FakeMachine()
        #expect(
            ClosingLine.menu(isInstalled: true).text(machine.status)
                == "the boot menu shows the layers; no layer exists yet; add one with 'imgbase layer add'")
        #expect(ClosingLine.nextBoot.text(nil) == nil)
    }

    @Test(
        arguments: [
            ("https://host/node.img", true), ("http://h", true), ("svn+ssh://h/x", true), ("node.img", false),
            ("/dev/sdb", false), ("-", false), ("", false), ("://x", false), ("https://", false),
            ("./https://x", false), ("1a://x", false),
        ])
    func addresses(text: String, isAddress: Bool) {
        #expect(ImageAddress.isAddress(text) == isAddress)
    }
}

import TestMachine
import Testing

/// The layer booted, by the arguments that name one.
@Suite struct SelectionTests {
    /// Arguments, and the expected layer and deciding argument.
    private static let cases: [(arguments: String, layer: String, base: String, by: String)] = [
        ("rd.imgbased.layer=Base-0", "Base-0.2", "Base-0", "rd.imgbased.layer=Base-0"),
        ("rd.imgbased.layer=latest", "node-4.5.1-1+1", "Base-1", "rd.imgbased.layer=latest"),
        ("root=/dev/HostVG/Base-0.1", "Base-0.1", "Base-0", "root=/dev/HostVG/Base-0.1"),
        (
            "root=/dev/mapper/HostVG-node--4.5.1--1+1", "node-4.5.1-1+1", "Base-1",
            "root=/dev/mapper/HostVG-node--4.5.1--1+1"
        ),
        ("rd.lvm.lv=HostVG/Base-0.1", "Base-0.1", "Base-0", "rd.lvm.lv=HostVG/Base-0.1"),
        ("img.bootid=Base-0.1 rd.lvm.lv=HostVG/Base-0.2", "Base-0.1", "Base-0", "img.bootid=Base-0.1"),
    ]

    @Test("Each way to name a layer boots that layer, and an incomplete layer is not booted")
    func everyWay() throws {
        try Artefacts.rescueSystem("selection").run { vm in
            try vm.check(Self.preparation)
            for item in Self.cases {
                let report = try vm.bootReport(of: item.arguments)
                #expect(report.layer == item.layer)
                #expect(report.base == item.base)
                #expect(report.chosenBy == item.by)
                #expect(report.activatedBy == "native")
                #expect(report.fallbacks.isEmpty && report.warnings.isEmpty)
            }

            // The same in an initramfs, with a name that is escaped everywhere else.
            let (escaped, argument) = ("node-4.5.1-1+1", "root=/dev/mapper/HostVG-node--4.5.1--1+1")
            try vm.restart(argument)
            try vm.expectBooted(escaped, on: "Base-1", chosenBy: argument)
            try vm.expect(
                "active",
                from:
                    "systemctl is-active \"$(systemd-escape --path --suffix device /dev/HostVG/\(escaped))\"")

            // The last of equal arguments counts; unknown arguments cause a warning, and the boot goes on.
            try vm.restart(
                "rd.imgbased.layer=Base-0.1 rd.imgbased.layer=previous rd.imgbased.frobnicate rd.imgbased.mode=x"
            )
            let report = try vm.expectBooted("Base-1.1", on: "Base-1", chosenBy: "rd.imgbased.layer=previous")
            #expect(report.warnings.count == 2)
            #expect(report.warnings.first?.hasPrefix("unknown argument 'rd.imgbased.frobnicate'") == true)
            #expect(report.warnings.last?.hasPrefix("'rd.imgbased.mode=x' is not understood") == true)
            let said = report.warnings.map { "imgbase-initrd: " + $0 }
            #expect(vm.transcript.complaints == said)
            try vm.expect(
                said.joined(separator: "\n"), from: "journalctl -b -o cat -t imgbase-initrd | grep valid")

            try vm.restart("rd.imgbased.layer=Base-1.2 rd.shell=0")
            try vm.expectHalt(
                after: "volume 'Base-1.2' in volume group 'HostVG' was never completed; "
                    + "it has Base-0.1, Base-0.2, Base-1.1, node-4.5.1-1+1")
        }
    }

    /// Two more layers of the newest base: one with a name to escape, then an incomplete one.
    ///
    /// Device-mapper and systemd escape the former's name.
    private static let preparation = """
        set -e
        lvcreate -y -q -s -kn -prw -n node-4.5.1-1+1 HostVG/Base-1.1 \
            --addtag imgbased:layer --addtag imgbased:of=Base-1
        lvcreate -y -q -s -kn -prw -n Base-1.2 HostVG/Base-1.1 --addtag imgbased:layer --addtag imgbased:building
        vgchange -q -an HostVG
        mkdir -p /sysroot
        : >/run/cmdline
        mount --bind /run/cmdline /proc/cmdline
        """
}

extension VM {
    /// The report of the helper's boot with the kernel's `arguments`, in a system without the group in use.
    fileprivate func bootReport(of arguments: String) throws -> BootReport {
        try check(
            """
            set -e
            echo '\(arguments)' >/run/cmdline
            /usr/lib/imgbased/imgbase-initrd boot >&2
            test -x /sysroot/sbin/init
            umount --recursive /sysroot
            vgchange -q -an HostVG
            """)
        return try bootReport()
    }
}

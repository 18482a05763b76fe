import TestMachine
import Testing

/// The fallbacks of a layer that cannot be booted.
@Suite struct FallbackTests {
    @Test("A missing or unmountable layer gives way to the next layer with the kernel's modules")
    func chain() throws {
        try Artefacts.host("fallback").run { vm in
            try vm.check(Self.preparation)
            let release = try vm.check("uname -r")
            let missing =
                "there is no layer 'Base-7.7' in volume group 'HostVG'; "
                + "it has Base-0.1, Base-0.2, Base-1.1, Base-0.7, Base-0.8, Base-0.9"
            let destroyed =
                "cannot boot layer 'Base-0.8': cannot mount '/dev/mapper/HostVG-Base--0.8': "
                + "neither ext4 nor XFS is on it"
            let foreign =
                "cannot boot layer 'Base-0.9': it has no modules of the running kernel \(release)"

            let empty = "cannot boot layer 'Base-0.7': it has no /sbin/init"

            try vm.restart(
                "rd.imgbased.layer=Base-0.8 rd.imgbased.fallback=Base-7.7,Base-0.7,Base-0.9,Base-0.2")
            let report = try vm.expectBooted(
                "Base-0.2", on: "Base-0", chosenBy: "rd.imgbased.fallback=Base-0.2")
            #expect(report.fallbacks.map(\.layer) == ["Base-0.8", "Base-7.7", "Base-0.7", "Base-0.9"])
            #expect(report.fallbacks.map(\.reason) == [destroyed, missing, empty, foreign])
            let said =
                "booting layer 'Base-0.2' (rd.imgbased.fallback=Base-0.2); "
                + [destroyed, missing, empty, foreign].joined(separator: "; ")
            #expect(vm.transcript.complaints == ["imgbase-initrd: " + said])
            try vm.expect(
                "imgbase-initrd: " + said, from: "journalctl -b -o cat -t imgbase-initrd | grep booting")

            // A base's name in the fallbacks means its newest layer: Base-0's is the one without modules.
            try vm.restart("root=/dev/HostVG/Base-7.7 rd.imgbased.fallback=Base-0,latest")
            try vm.expectBooted("Base-1.1", on: "Base-1", chosenBy: "rd.imgbased.fallback=latest")

            try vm.restart("rd.imgbased.layer=Base-7.7 rd.imgbased.fallback=Base-0.8,Base-0.9 rd.shell=0")
            try vm.expectHalt(after: [missing, destroyed, foreign].joined(separator: "; "))
        }
    }

    /// More layers: one has no init, the next has no file system, the last has modules of another kernel.
    private static let preparation = """
        set -e
        for layer in Base-0.7 Base-0.8 Base-0.9; do
            lvcreate -y -q -s -kn -prw -n $layer HostVG/Base-0 --addtag imgbased:layer --addtag imgbased:of=Base-0
        done
        lvchange -ay HostVG/Base-0.7 HostVG/Base-0.8 HostVG/Base-0.9
        dd if=/dev/zero of=/dev/HostVG/Base-0.8 bs=64K count=1 conv=fsync,notrunc status=none
        mount /dev/HostVG/Base-0.7 /mnt
        rm /mnt/usr/sbin/init
        umount /mnt
        mount /dev/HostVG/Base-0.9 /mnt
        mv "/mnt/usr/lib/modules/$(uname -r)" /mnt/usr/lib/modules/0.0.0
        umount /mnt
        """
}

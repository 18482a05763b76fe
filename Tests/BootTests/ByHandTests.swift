import TestMachine
import Testing

/// The helper started by hand, in a running system that uses no layer: hangs, and earlier mounts.
@Suite struct ByHandTests {
    @Test("A hanging check, lock or udev is given up after a time limit and reported")
    func hangs() throws {
        try Artefacts.rescueSystem("hangs").run { vm in
            try vm.prepareByHand()
            // If the check of a layer and the check's child hang, the next layer gets its turn.
            try vm.check(
                """
                cp /usr/sbin/e2fsck /run/e2fsck.real
                cat >/run/e2fsck <<'END'
                #!/bin/sh
                case "$*" in *Base--0.2*) sleep 1000 & echo $! >/run/sleeping; wait ;; esac
                exec /run/e2fsck.real "$@"
                END
                chmod +x /run/e2fsck
                mount --bind /run/e2fsck /usr/sbin/e2fsck
                """)
            let check = "cannot run '/usr/sbin/e2fsck': it did nothing for 20 seconds, and was ended"
            try vm.expectByHand(
                "rd.imgbased.layer=Base-0.2 rd.imgbased.fallback=Base-0.1 rd.imgbased.timeout=0",
                says: [
                    "imgbase-initrd: booting layer 'Base-0.1' (rd.imgbased.fallback=Base-0.1); "
                        + "cannot boot layer 'Base-0.2': " + check
                ], mounts: "Base-0.1")
            try vm.check("timeout 60 tail --pid=$(cat /run/sleeping) -f /dev/null")
            try vm.check("! dmsetup info HostVG-Base--0.2")
            try vm.check("umount /sysroot; umount /usr/sbin/e2fsck")

            // The holder of lvm2's lock does nothing.
            let locker = try vm.check(
                """
                mkdir -p /run/lock/lvm
                flock --no-fork /run/lock/lvm/V_HostVG sleep 1000 >/dev/null 2>&1 &
                while flock -n /run/lock/lvm/V_HostVG true; do :; done
                echo $!
                """)
            let lock =
                "cannot lock '/run/lock/lvm/V_HostVG': process \(locker) (sleep) has it, "
                + "and it did nothing for 20 seconds"
            try vm.expectByHand(
                "rd.imgbased.layer=Base-0.2 rd.imgbased.timeout=0 rd.imgbased.activate=native",
                says: ["imgbase-initrd: cannot boot layer 'Base-0.2': " + lock], mounts: nil)
            try vm.check("kill \(locker)")

            // udev hangs on the devices; they exist nevertheless.
            try vm.check(
                """
                mkdir -p /run/udev/rules.d
                echo 'KERNEL=="dm-*", PROGRAM="/bin/sleep 1000"' >/run/udev/rules.d/00-hang.rules
                udevadm control --reload
                """)
            try vm.expectByHand(
                "rd.imgbased.layer=Base-0.2 rd.imgbased.timeout=0",
                says: [
                    "imgbase-initrd: udev has not handled the devices of layer 'Base-0.2' after 10 seconds; "
                        + "going on without it"
                ], mounts: "Base-0.2")
            #expect(try vm.bootReport().warnings.first?.hasPrefix("udev has not handled") == true)
            try vm.expect("", from: "dmsetup udevcookies | tail -n +2")
        }
    }

    @Test("The reported layer is the mounted one, whatever was mounted before")
    func mounted() throws {
        try Artefacts.rescueSystem("mounted").run { vm in
            try vm.prepareByHand()
            let one = "rd.imgbased.layer=Base-0.1"
            let other =
                "rd.imgbased.layer=Base-0.2 rootflags=defaults,noatime,nodev,x-systemd.foo=1,commit=7,nodev,dev"
            try vm.expectByHand(one, says: [], mounts: "Base-0.1")
            try vm.expectByHand(other, says: [], mounts: "Base-0.2")
            // The helper reads rootflags= like mount(8).
            try vm.expect("rw,noatime,commit=7", from: "findmnt -no OPTIONS /sysroot | sed 's/,seclabel//'")
            try vm.expectByHand(
                "rd.imgbased.layer=Base-1.1 rd.imgbased.mode=volatile", says: [], mounts: "overlay")
            try vm.expect("/dev/mapper/HostVG-Base--1.1", from: "findmnt -no SOURCE /run/imgbased/layer")
            try vm.expectByHand(other, says: [], mounts: "Base-0.2")
            try vm.expect("", from: "findmnt -no SOURCE /run/imgbased/layer")
            // A layer in volatile mode stays read-only, although its device is writable.
            let volatile = "rd.imgbased.layer=Base-0.2 rd.imgbased.mode=volatile"
            try vm.expectByHand(volatile, says: [], mounts: "overlay")
            try vm.expect(
                "/dev/mapper/HostVG-Base--0.2 ro",
                from: "findmnt -no SOURCE,OPTIONS /run/imgbased/layer | sed 's/,.*//; s/  */ /g'")
            try vm.expectByHand(other, says: [], mounts: "Base-0.2")
            // In the other direction, lvm2 makes the device writable.
            try vm.expectByHand(
                "rd.imgbased.layer=Base-1.1 rd.imgbased.activate=native",
                says: [
                    "imgbase-initrd: cannot boot layer 'Base-1.1': device 'HostVG-Base--1.1' is there already, and "
                        + "read-only; remove it with 'dmsetup remove HostVG-Base--1.1' when nothing uses it"
                ], mounts: "Base-0.2", fails: true)

            // A process uses /sysroot.
            try vm.expectByHand(
                one, in: "/sysroot",
                says: [
                    "imgbase-initrd: cannot boot layer 'Base-0.1': cannot unmount '/sysroot': "
                        + "Device or resource busy"
                ], mounts: "Base-0.2", fails: true)
            try vm.expectByHand(other, in: "/sysroot", says: [], mounts: "Base-0.2")

            // A name that leads to another layer's device.
            try vm.check(
                "umount /sysroot; ln -sf ../$(basename $(realpath /dev/HostVG/Base-0.1)) /dev/mapper/HostVG-Base--0.2"
            )
            try vm.expectByHand(other, says: [], mounts: "Base-0.2")

            try vm.check("umount /sysroot; mount -t tmpfs mine /sysroot")
            try vm.expectByHand(
                one + " rd.imgbased.fallback=Base-0.2",
                says: [
                    "imgbase-initrd: 'mine' is mounted at '/sysroot', and is no layer; unmount it, "
                        + "or boot with rd.imgbased=0"
                ], mounts: nil)
            try vm.check("umount /sysroot")

            // Names change all the time, and the path to the init program leads upwards.
            try vm.check(
                """
                mount /dev/HostVG/Base-0.2 /mnt && ln -sf ../../lib/systemd/systemd /mnt/usr/sbin/init && umount /mnt
                cd /run && touch a && perl -e 'while (1) { rename "a", "b"; rename "b", "a" }' >/dev/null 2>&1 &
                """)
            for _ in 1...5 {
                try vm.expectByHand("rd.imgbased.layer=Base-0.2", says: [], mounts: "Base-0.2")
                try vm.check("umount /sysroot")
            }
        }
    }

    @Test("lvm2 activates the layer if the helper cannot load a kernel module")
    func modules() throws {
        try Artefacts.rescueSystem("modules").run { vm in
            try vm.prepareByHand()
            // The helper sees no module; lvm2's modprobe runs in a mount name space with modules.
            try vm.check(
                """
                ! grep -qw dm_thin_pool /proc/modules || modprobe -r dm_thin_pool
                printf '#!/bin/sh\\nexec nsenter --target 1 --mount modprobe "$@"\\n' >/run/modprobe
                chmod +x /run/modprobe
                """)
            let hidden =
                "unshare -m sh -c 'mount -t tmpfs none /lib/modules/$(uname -r) && "
                + "mount --bind /run/modprobe $(realpath /sbin/modprobe) && exec "
            let reason = "cannot load kernel module 'dm-thin-pool': the initramfs or root does not have it"
            let native = "rd.imgbased.layer=Base-0.2 rd.imgbased.activate=native"
            try vm.check("echo \(native) >/run/cmdline")
            let refused = try vm.run(hidden + "/usr/lib/imgbased/imgbase-initrd boot'")
            #expect(refused.status == 1)
            #expect(refused.output.complaints == ["imgbase-initrd: cannot boot layer 'Base-0.2': " + reason])

            try vm.check("echo rd.imgbased.layer=Base-0.2 >/run/cmdline")
            try vm.check(hidden + "/usr/lib/imgbased/imgbase-initrd boot'")
            let report = try vm.bootReport()
            #expect(report.layer == "Base-0.2")
            #expect(report.activatedBy == "lvm")
            #expect(report.refusal == reason)
        }
    }
}

extension VM {
    /// Puts a writable kernel command line into the guest.
    fileprivate func prepareByHand() throws {
        try check(
            """
            mkdir -p /sysroot
            : >/run/cmdline
            mount --bind /run/cmdline /proc/cmdline
            """)
    }

    /// Runs the helper in `directory` with the kernel's `arguments`, and expects only these messages.
    ///
    /// Expects that `layer` is then mounted and reported, or that the helper fails.
    fileprivate func expectByHand(
        _ arguments: String, in directory: String = "/", says complaints: [String], mounts layer: String?,
        fails: Bool = false, _ sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try check("echo \(arguments) >/run/cmdline")
        let result = try run(
            "cd \(directory) && /usr/lib/imgbased/imgbase-initrd boot", within: .minutes(3))
        #expect(result.output.complaints == complaints, sourceLocation: sourceLocation)
        #expect((result.status == 0) == (layer != nil && !fails), sourceLocation: sourceLocation)
        guard let layer else { return }
        let source = layer == "overlay" ? layer : "/dev/mapper/HostVG-" + layer.replacing("-", with: "--")
        try expect(source, from: "findmnt -no SOURCE /sysroot", sourceLocation)
        if !fails, layer != "overlay" {
            #expect(try bootReport().layer == layer, sourceLocation: sourceLocation)
        }
    }
}

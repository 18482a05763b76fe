import TestMachine
import Testing

/// Our part of GRUB's configuration, beside other parts.
@Suite struct GRUBTests {
    @Test(
        "grub.cfg is the same after uninstall and install, foreign entries boot, and a hidden menu stays hidden"
    )
    func foreign() throws {
        try Artefacts.host("foreign").run { vm in
            try vm.check(
                """
                set -e
                grub-mkconfig -o /boot/grub/grub.cfg 1>&2
                cp /boot/grub/grub.cfg /run/before
                imgbase boot --uninstall
                if grep imgbased /boot/grub/grub.cfg; then exit 1; fi
                ls /boot/loader/entries/imgbased-Base-1.1.conf
                # grub-mkconfig does not put them back.
                grub-mkconfig -o /boot/grub/grub.cfg 1>&2
                if grep imgbased_ /boot/grub/grub.cfg; then exit 1; fi
                if imgbase boot --verify; then exit 1; fi
                imgbase boot --install
                cmp /boot/grub/grub.cfg /run/before
                """, within: .minutes(5))
            // grub-mkconfig keeps our part, and the administrator's wish for a hidden menu.
            try vm.check(
                """
                set -e
                printf 'GRUB_TIMEOUT_STYLE=hidden\\nGRUB_TIMEOUT=3\\n' >>/etc/default/grub.d/serial.cfg
                grub-mkconfig -o /boot/grub/grub.cfg 1>&2
                truncate -s 9000 /boot/grub/imgbased.cfg
                sync
                fsfreeze -f /boot
                fsfreeze -u /boot
                """, within: .minutes(5))
            // Half a menu boots no layer; its copy makes the same decision. Marking the layer as good has
            // renewed the menu.
            try vm.reboot()
            try vm.expectStatus("Base-0.1", "default")
            #expect(!vm.transcript.contains("GNU GRUB"))
            try vm.expect("", from: "imgbase boot --verify")
            let check = try vm.run("imgbase check")
            #expect(check.status == 0 && check.output.hasPrefix("ok: "), "\(check.output)")
            // A damaged kernel or initramfs is found.
            try vm.check("echo damaged >>$(echo /boot/imgbased/*/initrd)")
            let found = try vm.run("imgbase boot --verify")
            #expect(found.status == 1)
            #expect(found.output.hasSuffix("imgbase: cannot verify the boot menu: it has 6 problems"))
            let checked = try vm.run("systemctl mask imgbase-late.timer; imgbase check 2>/dev/null")
            #expect(checked.status == 2)
            let kernels = checked.lines.filter { $0.contains(": kernels: ") }
            #expect(kernels.count == 6, "\(checked.output)")
            #expect(
                kernels.first?.hasPrefix("critical: ") == true && kernels.last?.hasPrefix("warning: ") == true
            )
            #expect(
                checked.lines.contains {
                    $0.hasPrefix("warning: units: unit 'imgbase-late.timer' is masked; ")
                })
            try vm.check("systemctl unmask imgbase-late.timer")

            // The other entry ends in GRUB's own 'sleep', and the test ends before: after an entry ends, GRUB
            // draws its menu over the entry's output.
            try vm.check(
                """
                set -e
                printf 'GRUB_TIMEOUT_STYLE=menu\\n' >>/etc/default/grub.d/serial.cfg
                grub-mkconfig -o /boot/grub/grub.cfg 1>&2
                printf 'menuentry "Other system" {\\n echo "This is" not ours\\n sleep 600\\n}\\n' \
                    >/boot/grub/custom.cfg
                sync
                """, within: .minutes(5))
            try vm.reboot()
            let menu = try vm.menu()
            #expect(menu.titles.last == "Other system")
            try menu.boot("Other system")
            try vm.expect("This is not ours", within: .minutes(1))
        }
    }
}

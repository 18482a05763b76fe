import TestMachine
import Testing

/// The answers of `imgbase` to unusable input, in a machine with the real tools.
@Suite struct BadInputTests {
    /// A refused command, and a part of its message.
    private typealias Refusal = (status: Int, says: String, command: String)

    private static let image = "/dev/HostVG/Base-0.2"

    // No arguments of a test: each would boot a machine.
    private static let onInstalledHost: [Refusal] = [
        (2, "--frobnicate", "imgbase --frobnicate"),
        (2, "--frobnicate", "imgbase base --add --frobnicate --size 1G \(image)"),
        (2, "frobnicate", "imgbase frobnicate"),
        (2, "say what to do", "imgbase"),
        (2, "'much' is not a size", "imgbase base --add --size much \(image)"),
        (2, "give a larger --size", "imgbase base --add --size 100M \(image)"),
        (2, "No such file", "imgbase base --add --size 1G /nonexistent"),
        (2, "directory", "imgbase base --add --size 1G /usr"),
        (
            2, "is no known kind of image",
            "head -c 5M /dev/zero >/run/zeros; imgbase base --add --size 1G /run/zeros"
        ),
        (2, "'../x-1-1'", "imgbase base --add --size 1G --name ../x-1-1 \(image)"),
        (2, "'a b-1-1'", "imgbase base --add --size 1G --name 'a b-1-1' \(image)"),
        (2, "'a$(reboot)-1-1'", "imgbase base --add --size 1G --name 'a$(reboot)-1-1' \(image)"),
        (2, "'snapshot-1-1'", "imgbase base --add --size 1G --name snapshot-1-1 \(image)"),
        (2, "is empty", "imgbase base --add --size 1G --name '' \(image)"),
        (2, "'Base-0'", "imgbase base --add --size 1G --name Base-0 \(image)"),
        (2, "'Base-0;reboot'", "imgbase layer --add 'Base-0;reboot'"),
        (2, "'Base-7'", "imgbase layer --add Base-7"),
        (2, "'Absent'", "imgbase --vg Absent layer --add"),
        (1, "'Absent'", "imgbase --vg Absent layout"),
        (2, "only root", "setpriv --reuid 65534 --clear-groups imgbase layer --add"),
        (2, "only root", "setpriv --reuid 65534 --clear-groups imgbase layout"),
        (2, "/dev/vdz", "imgbase layout --init /dev/vdz"),
        (2, "'\"root=/dev/sdb1\"'", "imgbase boot --args-add Base-0.1 '\"root=/dev/sdb1\"'"),
        (
            2, "and the kernel takes 2047",
            "imgbase boot --args-add Base-0.1 $(head -c 2000 /dev/zero | tr '\\0' x)"
        ),
        (1, "standard output: No space left on device", "imgbase layout >/dev/full"),
        // No file opened later takes the number of a closed one.
        (2, "Bad file descriptor", "imgbase base --add --size 1G - <&-"),
        (1, "standard output: Bad file descriptor", "imgbase layout >&-"),
        // A signal undoes the work so far, even while the sender of the image is silent.
        (
            1, "signal 15",
            """
            export LVM_SUPPRESS_FD_WARNINGS=1; mkfifo /run/fifo; exec 3<>/run/fifo; head -c 8M \(image) >&3 &
            imgbase base --add --size 1G - <&3 & writer=$!
            timeout 60 sh -c 'until lvs --noheadings -o lv_tags HostVG | grep -q building; do sleep 0.2; done'
            kill -TERM $writer; wait $writer
            """
        ),
    ]

    @Test("Each refusal on a host with layers is one line with the right status and leaves nothing behind")
    func installed() throws {
        try Artefacts.host("bad-input").run { vm in
            for refusal in Self.onInstalledHost { try vm.expectRefusal(refusal) }
            // A closed reader of its output does not end the command.
            try vm.check(
                """
                { env --default-signal=PIPE imgbase --debug boot --once Base-0.2 2>&1; echo $? >/run/status; } | true
                [ "$(cat /run/status)" = 0 ] && grep -q imgbased_once=Base-0.2 /boot/grub/imgbased.env
                """)
            try vm.expectTerminal()
        }
    }

    @Test("On an empty host a dry run writes nothing, and a disk in use or a full pool ends the command")
    func empty() throws {
        let disks: [Disk] = [.blank(mebibytes: 2048), .readOnly(try Artefacts.image.image)]
        try Artefacts.bareSystem("empty", disks: disks).run { vm in
            try vm.expectRefusal((1, "no volume group", "imgbase layout"))
            try vm.expectDryRun()

            try vm.check("mkfs.ext4 -q /dev/vdb")
            try vm.expectRefusal((2, "'/dev/vdb'", "imgbase layout --init --size 1G /dev/vdb"))
            try vm.check("wipefs -qa /dev/vdb")

            try vm.check("imgbase layout --init --size 128M --config-size 16M /dev/vdb")
            // The number of non-zero blocks is known only after reading: the command fails on the way, and
            // undoes its work.
            let reason = "more than the pool has free"
            try vm.expectRefusal((1, reason, "imgbase base --add --size 1G /dev/vdc"))
            try vm.expectRefusal((1, reason, "imgbase base --add --size 1G - </dev/vdc"))
        }
    }
}

extension VM {
    /// Expects the output on a terminal and the output for users other than root.
    fileprivate func expectTerminal() throws {
        let picture = try check(
            "script -qec 'stty cols 120; TERM=xterm LC_ALL=C.UTF-8 imgbase layout' /dev/null | tr -d '\\r'")
        #expect(picture.hasPrefix("\u{1B}[1mHostVG\u{1B}[0m  "), "\(picture)")
        #expect(picture.contains("└─ ImagePool  ") && picture.contains("█"), "\(picture)")
        #expect(
            picture.contains(#/├─ Base-0\.1.* Debian GNU/Linux 12 .* of data.*booted.*default/#), "\(picture)"
        )
        #expect(try check("imgbase layout").hasPrefix("Base-0\n +- Base-0.1 (booted)\n"))

        let closing = "the next boot boots 'Base-0.2' once, and then 'Base-0.1'"
        #expect(
            try check("script -qec 'imgbase boot set-default Base-0.1' /dev/null").contains(
                "imgbase: \(closing)"))
        try expect("", from: "imgbase boot set-default Base-0.1")

        let status = try run("setpriv --reuid 65534 --clear-groups imgbase status")
        #expect(status.status == 0)
        #expect(status.output.contains("booted:     Base-0.1 (") && status.output.contains("; use sudo"))
        try expect(
            "Base-0.1",
            from: "setpriv --reuid 65534 --clear-groups imgbase status --json | grep -o 'Base-0.1' | head -1")
    }

    fileprivate func expectRefusal(_ refusal: (status: Int, says: String, command: String)) throws {
        let state = """
            lvs --noheadings -o vg_name,lv_name,lv_uuid,lv_size,lv_tags -O lv_uuid
            blkid /dev/vdb; ls -lR /boot/loader /boot/imgbased /boot/grub/imgbased.* 2>&1
            """
        let before = try run(state).output
        let result = try run("{ \(refusal.command); } 2>&1 >/run/output", within: .minutes(5))
        #expect(result.status == refusal.status, "\(refusal.command): \(result.output)")
        #expect(result.lines.count == 1, "\(refusal.command): \(result.output)")
        #expect(result.output.hasPrefix("imgbase: "), "\(refusal.command): \(result.output)")
        #expect(result.output.contains(refusal.says), "\(refusal.command): \(result.output)")
        try expect("", from: "cat /run/output")
        #expect(try run(state).output == before, "\(refusal.command)")
    }

    /// Expects that a dry run of laying out /dev/vdb prints lvm2's commands and writes nothing.
    fileprivate func expectDryRun() throws {
        // Field 7 is the number of sectors written since the machine started.
        let state = "awk '{ print $7 }' /sys/block/vdb/stat; head -c 64M /dev/vdb | sha256sum; pvs; vgs; lvs"
        let before = try check(state)
        let output = try check("imgbase --dry --debug layout --init --size 1G /dev/vdb")
        for command in ["pvcreate", "vgcreate", "lvcreate", "mkfs.ext4"] {
            #expect(output.contains("/usr/sbin/\(command) "))
        }
        #expect(output.contains("/dev/vdb"))
        #expect(try check(state) == before)
        #expect(before.hasPrefix("0\n"))
    }
}

import TestMachine
import Testing

/// Data volumes, which all layers share.
@Suite struct VolumeTests {
    @Test(
        "A data volume takes the files of a directory, which update and rollback then leave alone, and is removed unused"
    )
    func volume() throws {
        try Artefacts.updatable("volume").run { vm in
            try vm.check(
                "install -d -m 750 -o daemon /srv/data && echo one >/srv/data/file && echo /srv/data >/config/files"
            )
            // A program that has the directory open would go on with the files below.
            let refused = try vm.run(
                """
                (cd /srv/data && exec tail -f /dev/null) & program=$!
                until test /proc/$program/cwd -ef /srv/data -a "$(cat /proc/$program/comm)" = tail; do :; done
                imgbase volume create /srv/data 64M; status=$?
                kill $program; wait $program
                exit $status
                """)
            #expect(refused.status == 2)
            #expect(
                refused.output.hasPrefix(
                    "imgbase: cannot create a volume for '/srv/data': '/srv/data' is used by 'tail (process ")
            )
            for place in ["/usr", "/var", "/var/lib/dpkg/info", "/etc/app"] {
                #expect(try vm.run("imgbase volume create \(place) 64M").status == 2)
            }
            try vm.expect("", from: "imgbase volume; imgbase recover list")

            let create = try ReadmeBlock.data.commands(["/var/lib/app": "/srv/data", "20G": "64M"])
            try vm.expect("srv-data", from: create[0])
            try vm.expect(
                "/dev/mapper/HostVG-srv--data ext4 one daemon:750",
                from:
                    "echo $(findmnt -no SOURCE,FSTYPE /srv/data) $(cat /srv/data/file) $(stat -c %U:%a /srv/data)"
            )
            let tags = try vm.check("lvs --noheadings -o lv_tags HostVG/srv-data | tr -d ' '")
            #expect(
                Set(tags.split(separator: ","))
                    == ["imgbased:attached", "imgbased:path=/srv/data", "imgbased:volume"])
            try vm.check(Self.everyTableHasTheLine)
            #expect(try vm.check("imgbase volume").hasPrefix("/srv/data (volume srv-data, 64.00 MiB, "))
            // The line is one for mount(8) too.
            try vm.check(
                "umount /srv/data && mount -a && findmnt /srv/data >&2 && echo two >>/srv/data/file && sync")

            // What was written is there after a power cut.
            vm.cutPower()
            try vm.powerOn()
            try vm.expectStatus("Base-0.1", "default")
            try vm.expect("one two", from: "echo $(cat /srv/data/file)")
            try vm.expect(
                "one", from: "mount --bind / /mnt && cat /mnt/srv/data/file && umount /mnt")

            let output = try vm.check("imgbase update /dev/vdb", within: .minutes(10))
            #expect(output.hasSuffix("Base-1.1"))
            #expect(!output.contains("/srv/data"), "neither carried nor left")
            try vm.check(Self.everyTableHasTheLine)
            try vm.reboot()
            try vm.expectStatus("Base-1.1", "trial")
            try vm.expect("one two", from: "echo $(cat /srv/data/file)")
            try vm.check("echo three >>/srv/data/file")
            try vm.check("imgbase rollback")
            try vm.reboot()
            try vm.expectStatus("Base-0.1", "trial")
            try vm.expect("one two three", from: "echo $(cat /srv/data/file)")

            #expect(try vm.run("imgbase volume remove /srv/data").status == 2, "it is attached")
            try vm.check("imgbase volume detach /srv/data")
            try vm.expect("one two three", from: "echo $(cat /srv/data/file)")
            #expect(try vm.run("imgbase volume remove /srv/data").status == 2, "it is mounted")
            try vm.reboot()
            try vm.expectStatus("Base-0.1", "default")
            try vm.expect("one", from: "cat /srv/data/file")
            try vm.check("imgbase volume attach /srv/data && imgbase volume attach /srv/data")
            try vm.expect("one two three", from: "echo $(cat /srv/data/file)")
            try vm.check("imgbase volume --detach /srv/data && umount /srv/data")
            #expect(
                try vm.check("imgbase volume remove /srv/data").hasPrefix(
                    "removed volume 'srv-data' for '/srv/data', with "))
            try vm.expect("", from: "imgbase volume; imgbase recover list")
        }
    }

    @Test("A host boots although a data volume is destroyed, and says so")
    func destroyed() throws {
        try Artefacts.host("volume-destroyed").run { vm in
            try vm.check(
                """
                imgbase volume create /srv 64M
                umount /srv
                dd if=/dev/zero of=/dev/HostVG/srv bs=1M count=64 status=none conv=fsync
                """)
            try vm.reboot()
            try vm.waitForGuest()
            try vm.check("systemctl is-system-running --wait || true")
            try vm.expect("You are on Base-0.1", from: "imgbase w")
            let told = "volume 'HostVG/srv' is not mounted at '/srv'"
            #expect(try vm.check("imgbase status").contains(told))
            #expect(try vm.run("imgbase check").output.contains("warning: boot: " + told))
        }
    }

    /// The log is in use all the time: its programs must be stopped, or write elsewhere.
    @Test("The system's log moves to a data volume, and the system boots with it", .checkAll)
    func log() throws {
        try Artefacts.host("volume-log").run { vm in
            try vm.check("mkdir -p /var/log/journal && journalctl --flush && echo kept >/var/log/kept")
            let refused = try vm.run("imgbase volume create /var/log 128M")
            #expect(refused.status == 2)
            #expect(refused.output.contains("'systemd-journal (process "))
            try vm.check(
                """
                systemctl stop rsyslog.service || true
                journalctl --relinquish-var
                imgbase volume create /var/log 128M
                journalctl --flush
                """)
            try vm.expect("kept", from: "cat /var/log/kept")
            try vm.reboot()
            try vm.expectStatus("Base-0.1", "default")
            try vm.expect("/dev/mapper/HostVG-var--log", from: "findmnt -no SOURCE /var/log")
            try vm.expect("running", from: "systemctl is-system-running --wait || systemctl --failed")
            // A volume in a volume is mounted after it.
            try vm.check(
                "systemctl stop rsyslog.service || true; install -d -m 700 /var/log/audit; "
                    + "imgbase volume create /var/log/audit 64M")
            try vm.reboot()
            try vm.expectStatus("Base-0.1", "default")
            try vm.expect(
                "/var/log /var/log/audit", from: "echo $(findmnt -lno TARGET | grep ^/var/log | sort)")
        }
    }

    @Test("A host installed with the server's volumes boots with the files of its layer in them", .checkAll)
    func installed() throws {
        let disks: [Disk] = [.readOnly(try Artefacts.image.image), .blank(mebibytes: 4096)]
        try Artefacts.bareSystem("volume-installed", disks: disks).run { vm in
            #expect(try vm.run("imgbase install --volume /var=64M /dev/vdb /dev/vdc").status == 2)
            try vm.check(
                """
                imgbase install --size 1G --boot-size 256M --profile server --volume /home=64M \
                    --volume /srv=64M /dev/vdb /dev/vdc
                """, within: .minutes(15))
            vm.cutPower()
            vm.unplug(0)
            vm.unplug(1)
            try vm.powerOn(.firstDisk)
            try vm.waitForGuest()
            try vm.expect("You are on Base-0.1", from: "imgbase w")
            try vm.expect("running", from: "systemctl is-system-running --wait || systemctl --failed")
            try vm.expect(
                "/home /srv /tmp /var/crash /var/log /var/log/audit /var/tmp",
                from:
                    "echo $(findmnt -lno TARGET,SOURCE | grep HostVG | cut -d' ' -f1 | grep -vxE '/(config)?' | sort)"
            )
            try vm.expect("1777 1777", from: "echo $(stat -c %a /tmp /var/tmp)")
            // Each has the attributes that its directory has in the layer.
            try vm.check(
                """
                mount --bind / /mnt
                for place in /tmp /var/log /var/tmp; do
                    test "$(stat -c %U:%G:%a /mnt$place)" = "$(stat -c %U:%G:%a $place)" || exit 1
                done
                umount /mnt
                """)
            try vm.expect(
                "", from: "imgbase recover list; lvs --noheadings -o lv_tags HostVG | grep fresh; :")
        }
    }

    /// Succeeds if the table of each layer mounts the volume, once.
    private static let everyTableHasTheLine = """
        set -e
        line='^/dev/HostVG/srv-data /srv/data auto defaults,nofail,x-systemd.before=local-fs.target,discard 0 2$'
        test "$(grep -c "$line" /etc/fstab)" = 1
        for layer in $(imgbase layout --layers); do
            test "$(imgbase layer --current)" != $layer || continue
            lvchange --activate y HostVG/$layer
            mount -o ro /dev/HostVG/$layer /mnt
            test "$(grep -c "$line" /mnt/etc/fstab)" = 1
            test -d /mnt/srv/data
            umount /mnt
        done
        """
}

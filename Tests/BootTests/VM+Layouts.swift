import TestMachine

extension VM {
    /// Puts the functions below into the guest, a file system to fill volumes with, and a kernel command line that
    /// can be written. lvm2 is to activate nothing by itself.
    func prepareForLayouts() throws {
        try check(
            """
            set -e
            mkdir -p /run/layouts /sysroot
            cat >/run/layouts/functions <<'END'
            \(functions)
            END
            printf '%s\\n' global/event_activation=0 activation/monitoring=0 >/etc/lvm/lvmlocal.conf
            systemctl stop lvm2-monitor dm-event.socket dm-event.service
            mkfs.ext4 -q -O ^has_journal /run/layouts/root 1M
            : >/run/layouts/cmdline
            mount --bind /run/layouts/cmdline /proc/cmdline
            """)
    }

    /// Lays out `layouts` on /dev/vdb and those that follow, and calls `body` with each of them and its disks.
    func layOut(_ layouts: [Layout], _ body: (Layout, _ disks: String) throws -> Void) throws {
        var letters = "bcdefghijklmnopqrstuvwxyz"[...]
        for layout in layouts {
            let disks = letters.prefix(layout.diskCount).map { "/dev/vd\($0)" }.joined(separator: " ")
            letters = letters.dropFirst(layout.diskCount)
            try layOut("set -- \(disks)\n" + layout.script, in: layout)
            try body(layout, disks)
        }
    }

    /// Runs `script` with the functions, and `group` as the name of the volume group of `layout`.
    @discardableResult
    func layOut(_ script: String, in layout: Layout) throws -> String {
        try check("set -e; . /run/layouts/functions; group='\(layout.group)'\n" + script)
    }
}

private let functions = #"""
    # plain OPTION… [DISK…]: makes a volume, and does not activate it.
    plain() {
        lvcreate -y -a n -W n -Z n "$group" "$@"
    }

    # thin NAME [OPTION…] [DISK…]: makes a thin volume in a pool of its own.
    thin() {
        name=$1
        shift
        lvcreate -y -L 8M -V 8M --thinpool "pool-$name" -n "$name" "$group" "$@"
    }

    # fill VOLUME: puts the file system there, and leaves the volume inactive.
    fill() {
        lvchange -q -K -a y "$group/$1"
        dd status=none if=/run/layouts/root of="/dev/$group/$1" bs=64k conv=fsync
        lvchange -q -a n "$group/$1"
    }

    # locate DISK: offset of the first metadata area, its length, offset of the text in it, length of the text.
    locate() {
        echo 4096 $(od -A n -v -t u8 -j 4128 -N 24 "$1")
    }

    # is_wrapped DISK: whether the newest text goes on at the beginning of its area, after the header.
    is_wrapped() {
        set -- $(locate "$1")
        [ $(($3 + $4)) -gt "$2" ]
    }

    # metadata DISK: the newest text, which lvm2 ends with zeros.
    metadata() {
        set -- "$1" $(locate "$1")
        before=$(($3 - $4))
        [ "$before" -lt "$5" ] || before=$5
        {
            dd status=none iflag=skip_bytes,count_bytes if="$1" skip=$(($2 + $4)) count="$before"
            dd status=none iflag=skip_bytes,count_bytes if="$1" skip=$(($2 + 512)) count=$(($5 - before))
        } | tr -d '\0'
    }

    # What device-mapper has, in the order in which it was made and as `imgbase-initrd plan` prints it.
    devices() {
        for device in /sys/class/block/*; do
            read -r number <"$device/dev"
            name=/dev/${device##*/}
            [ ! -e "$device/dm" ] || read -r name <"$device/dm/name"
            printf 's|\\<%s\\>|%s|\n' "$number" "$name"
        done >/run/layouts/names
        dmsetup table | sed -f /run/layouts/names -e 's| *$||' >/run/layouts/tables
        dmsetup info -c --noheadings --sort minor --separator ' ' -o name,uuid,readonly >/run/layouts/devices
        awk 'NR == FNR { tables[$1] = tables[$1] $0 "\n"; next } { printf "%s", tables[$1 ":"] }' \
            /run/layouts/tables /run/layouts/devices
        sed -e 's| | uuid |' -e 's|Writeable$|rw|' -e 's|Read-only$|ro|' /run/layouts/devices
    }

    # What udev knows of these besides what it has read in them, and how far ahead the kernel reads. DM_ACTIVATION tells
    # whether the last event was the activation: it is not, where a check of the file system came after it.
    properties() {
        udevadm settle
        (
            cd /run/udev/data
            grep -HE '^(E:DM_|E:SYSTEMD|S:)' b$(sed -n 's/ device-mapper//p' /proc/devices | tr -d ' '):* |
                grep -vE ':S:disk/by-uuid/|:E:DM_ACTIVATION=' | sort
        )
        grep -H . /sys/class/block/dm-*/queue/read_ahead_kb
    }

    # boot VOLUME: has the helper boot it. Read-only, which volumes that cannot be written have to be mounted.
    boot() {
        echo "root=/dev/$group/$1 ro" >/run/layouts/cmdline
        /usr/lib/imgbased/imgbase-initrd boot >/dev/null
        umount /sysroot
    }

    # race VOLUME LEAD: has lvm2 and the helper activate it at the same time, lvm2 first by LEAD times what it takes to run
    # a program, and shows what they made of it.
    race() {
        lvchange -q -K -a y "$group/$1" &
        for step in $(seq "$2"); do /bin/true; done
        boot "$1" || echo the helper failed
        wait $! || echo lvm2 failed
        grep -o '"activatedBy":"[a-z]*"' /run/imgbased/boot.json
        devices
        lvchange -q -a n "$group/$1"
        dmsetup ls
    }

    # activate VOLUME: has lvm2 and then the helper activate it, and shows what each made of it.
    activate() {
        volume=$group/$1
        # A merge is not to be brought to its end, which changes the metadata.
        lvchange -q -K -a y --poll n "$volume"
        echo '= lvm2'
        devices
        echo '= properties with lvm2'
        properties
        if [ "$(blockdev --getro "/dev/$volume")" = 0 ]; then
            dd status=none if=/run/layouts/root of="/dev/$volume" bs=64k conv=fsync
        fi
        lvchange -q -a n "$volume"
        echo '= left by lvm2'
        dmsetup ls

        boot "$1"
        echo '= helper'
        devices
        echo '= properties with the helper'
        properties
        lvchange -q -K -a y --poll n "$volume"
        echo '= helper and lvm2'
        devices
        lvchange -q -a n "$volume"
        echo '= left by the helper'
        dmsetup ls
    }
    """#

import TestMachine

extension VM {
    /// Puts the functions below, a file system for volumes, and a writable command line into the guest.
    ///
    /// The command line replaces the kernel's. lvm2 activates nothing by itself.
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

    /// Lays out `layouts` on /dev/vdb and later disks, and calls `body` with each layout and its disks.
    func layOut(_ layouts: [Layout], _ body: (Layout, _ disks: String) throws -> Void) throws {
        var letters = "bcdefghijklmnopqrstuvwxyz"[...]
        for layout in layouts {
            let disks = letters.prefix(layout.diskCount).map { "/dev/vd\($0)" }.joined(separator: " ")
            letters = letters.dropFirst(layout.diskCount)
            try layOut("set -- \(disks)\n" + layout.script, in: layout)
            try body(layout, disks)
        }
    }

    /// Runs `script` with the functions, and with `group` set to the volume group of `layout`.
    @discardableResult
    func layOut(_ script: String, in layout: Layout) throws -> String {
        try check("set -e; . /run/layouts/functions; group='\(layout.group)'\n" + script)
    }
}

private let functions = #"""
    # plain OPTION… [DISK…]: makes an inactive volume.
    plain() {
        lvcreate -y -a n -W n -Z n "$group" "$@"
    }

    # thin NAME [OPTION…] [DISK…]: makes a thin volume in its own pool.
    thin() {
        name=$1
        shift
        lvcreate -y -L 8M -V 8M --thinpool "pool-$name" -n "$name" "$group" "$@"
    }

    # fill VOLUME: writes the file system to it, and leaves it inactive.
    fill() {
        lvchange -q -K -a y "$group/$1"
        dd status=none if=/run/layouts/root of="/dev/$group/$1" bs=64k conv=fsync
        lvchange -q -a n "$group/$1"
    }

    # locate DISK: offset and length of the first metadata area; offset in it and length of the text.
    locate() {
        echo 4096 $(od -A n -v -t u8 -j 4128 -N 24 "$1")
    }

    # is_wrapped DISK: whether the newest text continues at the start of its area, after the header.
    is_wrapped() {
        set -- $(locate "$1")
        [ $(($3 + $4)) -gt "$2" ]
    }

    # metadata DISK: the newest text, without the final zeros of lvm2.
    metadata() {
        set -- "$1" $(locate "$1")
        before=$(($3 - $4))
        [ "$before" -lt "$5" ] || before=$5
        {
            dd status=none iflag=skip_bytes,count_bytes if="$1" skip=$(($2 + $4)) count="$before"
            dd status=none iflag=skip_bytes,count_bytes if="$1" skip=$(($2 + 512)) count=$(($5 - before))
        } | tr -d '\0'
    }

    # The devices of device-mapper in order of creation, printed like `imgbase-initrd plan`.
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

    # udev's data of the devices, except data read from their content, and the kernel's read-ahead. DM_ACTIVATION
    # is left out: it tells whether the last event was the activation, or a later check of the file system.
    properties() {
        udevadm settle
        (
            cd /run/udev/data
            grep -HE '^(E:DM_|E:SYSTEMD|S:)' b$(sed -n 's/ device-mapper//p' /proc/devices | tr -d ' '):* |
                grep -vE ':S:disk/by-(uuid|diskseq)/|:E:DM_ACTIVATION=' | sort
        )
        grep -H . /sys/class/block/dm-*/queue/read_ahead_kb
    }

    # boot VOLUME: lets the helper boot it, read-only, because some volumes are read-only.
    boot() {
        echo "root=/dev/$group/$1 ro" >/run/layouts/cmdline
        /usr/lib/imgbased/imgbase-initrd boot >/dev/null
        umount /sysroot
    }

    # race VOLUME LEAD: lets lvm2 and the helper activate it at the same time, and shows the result. lvm2 starts
    # earlier by the time of LEAD program runs.
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

    # activate VOLUME: lets lvm2 and then the helper activate it, and shows both results.
    activate() {
        volume=$group/$1
        # A merge must not finish: that changes the metadata.
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

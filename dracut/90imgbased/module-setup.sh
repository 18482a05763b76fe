#!/bin/bash
# Puts imgbase-initrd into the initramfs: it picks the layer, activates it and mounts it, without lvm2.
# dracut calls these functions (dracut.modules(7)).
# shellcheck disable=SC2154 # moddir and the like are dracut's; imgbased_thin_check and nofscks are from dracut.conf

# Part of every initramfs of a host that has imgbased; an image that lacks a piece is not built at all.
check() {
    return 0
}

# dm brings the udev rules of device-mapper and the one that keeps their database for the booted system.
depends() {
    echo dm fs-lib
}

installkernel() {
    hostonly='' instmods -c dm_thin_pool overlay ext4 xfs || _missing 'a kernel module'
    # For a layer with a snapshot that a backup has left, as lvm2 makes it; not every kernel has it.
    hostonly='' instmods dm_snapshot
}

install() {
    inst_binary /usr/lib/imgbased/imgbase-initrd /usr/bin/imgbase-initrd || _missing imgbase-initrd

    # The names of volumes in /dev, by lvm2's own rules; they do not call lvm2. Debian's file, and others'.
    inst_rules 56-lvm.rules 11-dm-lvm.rules
    if dracut_module_included lvm; then
        # Where that module's own is, and is removed from.
        inst_simple "$moddir/64-lvm-imgbased.rules" /etc/udev/rules.d/64-lvm-imgbased.rules \
            || _missing 64-lvm-imgbased.rules
    fi

    # thin_ls is the same program under another name; both are a third of what this module adds.
    [[ $imgbased_thin_check == no ]] || inst_multiple -o thin_check thin_ls
    # For a hostonly initramfs, fs-lib brings what checks the file systems this host has mounted now, not a layer's.
    [[ $nofscks == yes ]] || inst_multiple -o e2fsck

    inst_hook cmdline 20 "$moddir/parse-imgbased.sh"
    if dracut_module_included systemd; then
        inst_simple "$moddir/imgbase-initrd.service" "$systemdsystemunitdir/imgbase-initrd.service" \
            || _missing imgbase-initrd.service
        ln_r /usr/bin/imgbase-initrd "$systemdutildir/system-generators/imgbased-generator"
    else
        inst_hook mount 20 "$moddir/mount-imgbased.sh"
    fi
}

_missing() {
    dfatal "imgbased: cannot put $1 into the initramfs"
    exit 1
}

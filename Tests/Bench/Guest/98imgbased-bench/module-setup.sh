#!/bin/bash
# Makes an initramfs report the mount of the root, in the same way for every program that mounts it.
# shellcheck disable=SC2154 # moddir, initdir and systemdsystemunitdir are dracut's

check() {
    return 255
}

install() {
    inst_multiple dmesg grep
    if dracut_module_included systemd; then
        inst_simple "$moddir/mounted.service" "$systemdsystemunitdir/mounted.service"
        inst_script "$moddir/mounted.sh" /usr/bin/mounted
        systemctl -q --root "$initdir" add-wants initrd-root-fs.target mounted.service
    else
        inst_hook pre-pivot 00 "$moddir/mounted.sh"
    fi
}

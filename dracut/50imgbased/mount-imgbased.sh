#!/bin/sh
# Without systemd in the initramfs, dracut's own loop mounts the root. After its emergency shell, the loop
# runs this again.
# shellcheck disable=SC2154 # root and NEWROOT are dracut's
if [ "$root" = imgbased ] && ! ismounted "$NEWROOT"; then
    imgbase-initrd boot || emergency_shell "imgbased could not bring up the root"
fi

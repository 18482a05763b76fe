#!/bin/sh
# Where the helper was asked to bring the root, nothing else has to look or wait for the device that root= names: the
# chosen layer need not be that one. dracut 059 has it here as it was typed, dracut 106 as a device already.
# shellcheck disable=SC2034,SC2154 # root, rootok and hookdir are dracut's
if arguments=$(imgbase-initrd claims); then
    echo "$arguments" >/etc/cmdline.d/imgbased.conf
    device=$(str_replace "$(label_uuid_to_dev "$root")" / '\x2f')
    rm -f -- "$hookdir/initqueue/finished/devexists-$device.sh" "$hookdir/emergency/80-$device.sh"
    root=imgbased
    rootok=1
    unset arguments device
fi

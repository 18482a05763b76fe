#!/bin/sh
# If the helper is to bring up the root, nothing else needs to look or wait for the device in root=: the
# chosen layer can be another one. At this point, dracut 059 has root= as typed, dracut 106 as a device.
# shellcheck disable=SC2034,SC2154 # root, rootok and hookdir are dracut's
if arguments=$(imgbase-initrd claims); then
    echo "$arguments" >/etc/cmdline.d/imgbased.conf
    device=$(str_replace "$(label_uuid_to_dev "$root")" / '\x2f')
    rm -f -- "$hookdir/initqueue/finished/devexists-$device.sh" "$hookdir/emergency/80-$device.sh"
    root=imgbased
    rootok=1
    unset arguments device
fi

#!/bin/sh
# A hook of dracut, run before a live system starts: sets root's login in the system in memory, from the files of
# /imgbased-login. hash: of the password, for shadow(5); keys, if any: for SSH.
read -r hash </imgbased-login/hash
sed -i "s|^root:[^:]*:|root:$hash:|" "$NEWROOT/etc/shadow"
if [ -e /imgbased-login/keys ]; then
    mkdir -p "$NEWROOT/root/.ssh"
    chmod 700 "$NEWROOT/root/.ssh"
    cp /imgbased-login/keys "$NEWROOT/root/.ssh/authorized_keys"
fi

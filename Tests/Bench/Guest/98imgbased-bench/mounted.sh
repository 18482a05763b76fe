#!/bin/sh
# The kernel puts the time since its start before the line, and shows it on the console even if others are
# hidden.
echo '<0>imgbased-bench: the root is mounted' >/dev/kmsg
# The console hides the kernel's own last line.
dmesg --color=never | grep -m 1 'Run /init as init process' >/dev/console

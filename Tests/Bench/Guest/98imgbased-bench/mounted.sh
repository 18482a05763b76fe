#!/bin/sh
# The kernel prefixes the line with the time since its start. Priority 0 reaches the console even if other
# messages are hidden.
echo '<0>imgbased-bench: the root is mounted' >/dev/kmsg
# The console hides the kernel's own line about init, so print it too.
dmesg --color=never | grep -m 1 'Run /init as init process' >/dev/console

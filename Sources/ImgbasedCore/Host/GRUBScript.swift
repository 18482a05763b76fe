/// What GRUB decides, in its own language: which layer is booted unattended, and what it writes down before a kernel
/// starts. Part of every menu, so that the two always fit each other.
///
/// `BootChoice` is the same in Swift; both are tested by the same cases.
enum GRUBScript {
    /// Before the entries: what was recorded, and how a layer is loaded.
    static let head = #"""
        # Only what is known is taken from the environment block.
        set imgbased_default=
        set imgbased_once=
        set imgbased_trial=
        set imgbased_tries=
        set imgbased_good=
        if [ -s "${prefix}/imgbased.env" ]; then
          load_env --file "${prefix}/imgbased.env" \
            imgbased_default imgbased_once imgbased_trial imgbased_tries imgbased_good
        fi
        if regexp '^[1-9]$' "${imgbased_tries}"; then true; else
          set imgbased_tries=0
        fi
        if regexp '^[A-Za-z0-9+_.-]+$' "${imgbased_good}"; then true; else
          set imgbased_good=
        fi

        # imgbased_begin NUMBER LAYER: an entry is going to load a layer, which is told why it was picked. What the next boot
        # must not find again, a boot meant to happen once or a try that is used up, is written before the kernel starts;
        # where it cannot be written, the layer is not loaded.
        function imgbased_begin {
          if [ -n "${imgbased_other}" ]; then
            set imgbased_reason=fallback
          elif [ "${imgbased_number}" = "$1" ]; then
            set imgbased_reason="${imgbased_why}"
          else
            set imgbased_reason=menu
          fi
          set imgbased_refused=
          set imgbased_write=
          set imgbased_arguments=
          if [ -n "${imgbased_once}" ]; then
            set imgbased_once=
            set imgbased_write="${imgbased_reason}"
          fi
          if [ "${imgbased_trial}" = "$2" -a "${imgbased_tries}" != 0 ]; then
            for imgbased_count in 9:8 8:7 7:6 6:5 5:4 4:3 3:2 2:1 1:0; do
              if regexp --set=1:imgbased_left "^${imgbased_tries}:(.)\$" "${imgbased_count}"; then
                set imgbased_rest="${imgbased_left}"
              fi
            done
            set imgbased_tries="${imgbased_rest}"
            set imgbased_reason=trial
            set imgbased_write=trial
            # Nobody may be there: what fails ends in a restart, not at a prompt.
            set imgbased_arguments='panic=10 rd.shell=0 rd.emergency=reboot systemd.crash_reboot=1'
          elif [ -n "${imgbased_good}" -a "${imgbased_good}" != "$2" ]; then
            # A layer the initramfs cannot mount gives way to one that came up before.
            set imgbased_arguments="rd.imgbased.fallback=${imgbased_good}"
          fi
          set imgbased_arguments="${imgbased_arguments} rd.imgbased.reason=${imgbased_reason}"
          if [ -n "${imgbased_write}" ]; then
            if save_env --file "${prefix}/imgbased.env" imgbased_once imgbased_tries; then true; else
              if [ "${imgbased_write}" = trial ]; then
                # Where it is the default or the last good one as well, it gets its turn as that.
                set imgbased_tries=0
                set imgbased_refused=1
                return 1
              fi
              if [ "${imgbased_write}" = once ]; then
                set imgbased_refused=1
                return 1
              fi
            fi
          fi
        }

        # imgbased_is_loaded STATUS: whether the kernel and the initramfs of the layer that was begun are there.
        function imgbased_is_loaded {
          test "$1" = 0 -a -z "${imgbased_refused}"
        }

        # imgbased_end NUMBER STATUS: an entry has loaded its layer, or not. Where that was to be booted unattended, the others
        # get their turn. (The variable fallback of GRUB wants positions in the menu, which other entries shift.)
        function imgbased_end {
          if imgbased_is_loaded "$2"; then
            return 0
          fi
          if [ "${imgbased_number}" = "$1" ]; then
            for imgbased_other in ${imgbased_others}; do
              if imgbased_entry_${imgbased_other}; then
                return 0
              fi
            done
            set imgbased_other=
          fi
          return 1
        }

        # imgbased_choose WHY LAYER: the first layer that is offered is booted unattended, those after it where that cannot be
        # loaded.
        function imgbased_choose {
          for imgbased_pair in ${imgbased_layers}; do
            if regexp --set=1:imgbased_position --set=2:imgbased_layer '^([0-9]+):(.*)$' "${imgbased_pair}"; then
              if [ "${imgbased_layer}" = "$2" ]; then
                if [ -z "${imgbased_number}" ]; then
                  set imgbased_number="${imgbased_position}"
                  set imgbased_choice="imgbased-$2"
                  set imgbased_why="$1"
                else
                  set imgbased_others="${imgbased_others} ${imgbased_position}"
                fi
              fi
            fi
          done
        }
        """#

    /// After the entries: which of them is booted unattended, and those after it should it not load.
    static let tail = #"""
        set imgbased_choice=
        set imgbased_number=
        set imgbased_other=
        set imgbased_others=
        if [ -n "${imgbased_once}" ]; then
          imgbased_choose once "${imgbased_once}"
        fi
        if [ "${imgbased_tries}" != 0 ]; then
          imgbased_choose trial "${imgbased_trial}"
        fi
        # A trial that has used up its tries does not come back as the default.
        if [ -z "${imgbased_trial}" -o "${imgbased_default}" != "${imgbased_trial}" ]; then
          imgbased_choose default "${imgbased_default}"
        fi
        imgbased_choose good "${imgbased_good}"
        for imgbased_name in ${imgbased_by_health}; do
          imgbased_choose best "${imgbased_name}"
        done
        """#
}

/// What GRUB decides, in its own language: which layer is booted unattended, and what it writes down before a kernel
/// starts. Part of every menu, so that the two always fit each other.
///
/// `BootChoice` is the same in Swift; both are tested by the same cases.
enum GRUBScript {
    /// Before the entries: the functions that they and what follows them call.
    static let head = #"""
        set imgbased_parts=
        export imgbased_parts

        # imgbased_begin LAYER: an entry is going to load a layer, which is told why it was picked. What the next boot must not
        # find again, a boot meant to happen once or a try that is used up, is written before the kernel starts; where it
        # cannot be written, the layer is not loaded.
        function imgbased_begin {
          set imgbased_layer="$1"
          set imgbased_refused=
          set imgbased_write=
          set imgbased_arguments=
          if [ -n "${imgbased_rescue}" ]; then
            set imgbased_arguments='\#(BootArguments.rescue.joined(separator: " ")) rd.imgbased.reason=rescue'
            echo "Loading layer $1 ..."
            return 0
          fi
          if [ -n "${imgbased_other}" ]; then
            set imgbased_reason=fallback
          elif [ "${imgbased_choice}" = "imgbased-$1" ]; then
            set imgbased_reason="${imgbased_why}"
          else
            set imgbased_reason=menu
          fi
          if [ -n "${imgbased_once}" ]; then
            set imgbased_once=
            set imgbased_write="${imgbased_reason}"
          fi
          if [ "${imgbased_trial}" = "$1" -a "${imgbased_tries}" != 0 ]; then
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
          elif [ -n "${imgbased_good}" -a "${imgbased_good}" != "$1" ]; then
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
          echo "Loading layer $1 ..."
        }

        # imgbased_is_loaded STATUS: whether the kernel and the initramfs of the layer that was begun are there.
        function imgbased_is_loaded {
          test "$1" = 0 -a -z "${imgbased_refused}"
        }

        # imgbased_name NAME: what is recorded is the name of a layer, which is looked for until it is found.
        function imgbased_name {
          if regexp '^[A-Za-z0-9+_.-]+$' "$1"; then true; else
            return 1
          fi
          for imgbased_word in ${imgbased_found}; do
            if [ "${imgbased_word}" = "$1" ]; then
              return 0
            fi
          done
          # As a pattern, in which a plus would be something else, and a dot may as well be one.
          set imgbased_rest="$1"
          while regexp --set=1:imgbased_before --set=2:imgbased_after '^([^+]*)[+](.*)$' "${imgbased_rest}"; do
            set imgbased_rest="${imgbased_before}.${imgbased_after}"
          done
          if [ -n "${imgbased_pattern}" ]; then
            set imgbased_rest="${imgbased_pattern}| ${imgbased_rest} "
          else
            set imgbased_rest=" ${imgbased_rest} "
          fi
          set imgbased_pattern="${imgbased_rest}"
        }

        # imgbased_recall: what was recorded. Only what is known is taken from the environment block.
        function imgbased_recall {
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
          set imgbased_pattern=
          if imgbased_name "${imgbased_default}"; then true; else
            set imgbased_default=
          fi
          if imgbased_name "${imgbased_once}"; then true; else
            set imgbased_once=
          fi
          if imgbased_name "${imgbased_trial}"; then true; else
            set imgbased_trial=
          fi
          if imgbased_name "${imgbased_good}"; then true; else
            set imgbased_good=
          fi
        }

        # imgbased_part LAYERS GOOD UNKNOWN BAD: a part of the menu has these layers, and these are the newest among them that
        # came up healthy, of which nothing is known, and that did not. Which of those recorded are there is seen by one look
        # at all of a part: a look at each layer would take longer than all the rest.
        function imgbased_part {
          if [ -n "${imgbased_rescue}" ]; then
            return 0
          fi
          if [ -z "${imgbased_pattern}" ]; then true; elif regexp "${imgbased_pattern}" " $1 "; then
            for imgbased_layer in $1; do
              if [ "${imgbased_layer}" = "${imgbased_default}" -o "${imgbased_layer}" = "${imgbased_once}" \
                -o "${imgbased_layer}" = "${imgbased_trial}" -o "${imgbased_layer}" = "${imgbased_good}" ]; then
                set imgbased_found="${imgbased_found} ${imgbased_layer}"
              fi
            done
            set imgbased_layer=
            set imgbased_pattern=
            for imgbased_wanted in "${imgbased_default}" "${imgbased_once}" "${imgbased_trial}" "${imgbased_good}"; do
              imgbased_name "${imgbased_wanted}"
            done
          fi
          if [ -z "${imgbased_best_good}" ]; then
            set imgbased_best_good="$2"
          fi
          if [ -z "${imgbased_best_unknown}" ]; then
            set imgbased_best_unknown="$3"
          fi
          if [ -z "${imgbased_best_bad}" ]; then
            set imgbased_best_bad="$4"
          fi
        }

        # imgbased_choose WHY LAYER: the first layer that is offered is booted unattended, those after it where that cannot be
        # loaded.
        function imgbased_choose {
          for imgbased_word in ${imgbased_found}; do
            if [ "${imgbased_word}" = "$2" ]; then
              if [ -z "${imgbased_choice}" ]; then
                set imgbased_choice="imgbased-$2"
                set imgbased_why="$1"
              else
                set imgbased_others="${imgbased_others} $2"
              fi
            fi
          done
        }

        # imgbased_entries: the entries of all parts that were read.
        function imgbased_entries {
          for imgbased_number in ${imgbased_parts}; do
            imgbased_part_${imgbased_number}
          done
        }

        # imgbased_offer: the entries, and which of them is booted unattended.
        function imgbased_offer {
          set imgbased_choice=
          set imgbased_layer=
          set imgbased_other=
          set imgbased_others=
          set imgbased_found=
          imgbased_recall
          set imgbased_best_good=
          set imgbased_best_unknown=
          set imgbased_best_bad=
          imgbased_entries
          if [ -n "${imgbased_parts}" ]; then
            submenu 'Rescue: look at a layer, change nothing in it' --class imgbased --id imgbased-rescue {
              set imgbased_rescue=1
              set imgbased_mark=' (rescue)'
              imgbased_entries
            }
          fi
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
          for imgbased_word in "${imgbased_best_good}" "${imgbased_best_unknown}" "${imgbased_best_bad}"; do
            if [ -z "${imgbased_choice}" -a -n "${imgbased_word}" ]; then
              set imgbased_choice="imgbased-${imgbased_word}"
              set imgbased_why=best
            fi
          done
        }
        """#

    /// In the menu alone: how an entry ends. What loads a layer in another's place is in the copy.
    static let end = #"""
        # imgbased_end STATUS: an entry has loaded its layer, or not. Where that was to be booted unattended, the others get their
        # turn. (The variable fallback of GRUB wants positions in the menu, which other entries shift.)
        function imgbased_end {
          if imgbased_is_loaded "$1"; then
            return 0
          fi
          if [ -z "${imgbased_layer}" -o "${imgbased_choice}" != "imgbased-${imgbased_layer}" ]; then
            return 1
          fi
          set imgbased_begun=
          set imgbased_ended=
          if [ -s "${imgbased_boot}/imgbased/menu.cfg" ]; then
            load_env --file "${imgbased_boot}/imgbased/menu.cfg" imgbased_begun imgbased_ended
          fi
          if [ -z "${imgbased_begun}" -o "${imgbased_begun}" != "${imgbased_ended}" ]; then
            return 1
          fi
          set imgbased_menu="${imgbased_begun}"
          source "${imgbased_boot}/imgbased/menu.cfg"
          imgbased_load_another
        }
        """#

    /// In the copy alone: the same, and how a layer is loaded in another's place. It has another name, since GRUB does not
    /// take a function for another that is running.
    static let endOfCopy = #"""
        function imgbased_end_here {
          if imgbased_is_loaded "$1"; then
            return 0
          fi
          if [ -z "${imgbased_layer}" -o "${imgbased_choice}" != "imgbased-${imgbased_layer}" ]; then
            return 1
          fi
          imgbased_load_another
        }

        # imgbased_load_one LAYER: loads a layer, or whichever it can, if none is named.
        function imgbased_load_one {
          set imgbased_other=
          for imgbased_word in ${imgbased_by_health}; do
            # They are pairs: a number, a layer.
            if [ -z "${imgbased_other}" ]; then
              set imgbased_other="${imgbased_word}"
            else
              if [ -z "$1" -o "${imgbased_word}" = "$1" ]; then
                if imgbased_load_${imgbased_other}; then
                  return 0
                fi
              fi
              set imgbased_other=
            fi
          done
          return 1
        }

        # imgbased_load_another: the layers get their turn that would have come next, then all, the healthy ones first.
        function imgbased_load_another {
          for imgbased_next in ${imgbased_others}; do
            if imgbased_load_one "${imgbased_next}"; then
              return 0
            fi
          done
          imgbased_load_one
        }
        """#
}

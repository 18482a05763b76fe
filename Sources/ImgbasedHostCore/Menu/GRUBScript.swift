import ImgbasedCore

/// GRUB's decisions in its own language: which layer boots unattended, and what GRUB records before a kernel
/// starts. It is part of every file, so that the two always match.
///
/// `BootChoice` decides the same in Swift; the same cases test both.
enum GRUBScript {
    /// The functions before the entries, which the entries and the commands after them call.
    static let head = #"""
        # imgbased_next THIS NEXT: counts the parts GRUB understood: a part that does not follow its
        # predecessor is not run.
        function imgbased_next {
          if [ "${imgbased_read}" = "$1" ]; then
            set imgbased_read="$2"
          else
            return 1
          fi
        }

        # imgbased_begin LAYER: an entry is about to load a layer, and tells it why it was picked. A one-time
        # boot or a used try is written before the kernel starts, so that the next boot does not repeat it; if
        # it cannot be written, the layer is not loaded.
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
          if [ -n "${imgbased_loading}" -a "${imgbased_loading}" != own ]; then
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
            # Unattended, a failure ends in a restart, not at a prompt.
            set imgbased_arguments='panic=10 rd.shell=0 rd.emergency=reboot systemd.crash_reboot=1'
          elif [ -n "${imgbased_good}" -a "${imgbased_good}" != "$1" ]; then
            # A layer that the initramfs cannot mount gives way to one that came up before.
            set imgbased_arguments="rd.imgbased.fallback=${imgbased_good}"
          fi
          set imgbased_arguments="${imgbased_arguments} rd.imgbased.reason=${imgbased_reason}"
          if [ -n "${imgbased_write}" ]; then
            if save_env --file "${prefix}/imgbased.env" imgbased_once imgbased_tries; then true; else
              if [ "${imgbased_write}" = trial ]; then
                # If it is also the default or the last good layer, it gets its turn as that.
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

        # imgbased_fails LAYER STATUS: at the end of the entry of LAYER: whether others get a turn, because
        # the begun layer was to boot unattended and could not be loaded. (GRUB has the variable fallback, but
        # it wants positions in the menu, which other entries shift.) If another layer was begun, the file is
        # damaged, and the begun layer comes first among the others.
        function imgbased_fails {
          if [ "$1" != "${imgbased_layer}" ]; then
            set imgbased_others="${imgbased_layer} ${imgbased_others}"
          elif [ "$2" = 0 -a -z "${imgbased_refused}" ]; then
            return 1
          elif [ "${imgbased_choice}" != "imgbased-$1" -o -n "${imgbased_rescue}" ]; then
            return 1
          fi
          imgbased_whole "${imgbased_boot}/imgbased/load.cfg"
        }

        # imgbased_name NAME: checks that NAME is a layer name, and adds it to the search pattern until it is
        # found.
        function imgbased_name {
          if regexp '^[A-Za-z0-9+_.-]+$' "$1"; then true; else
            return 1
          fi
          for imgbased_word in ${imgbased_found}; do
            if [ "${imgbased_word}" = "$1" ]; then
              return 0
            fi
          done
          # In the pattern a plus has another meaning, so it becomes a dot, which matches it.
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

        # imgbased_recall: reads the record. Only known variables are read from the environment block;
        # submenus get them too.
        function imgbased_recall {
          export imgbased_once imgbased_trial imgbased_tries imgbased_good imgbased_besides
          export imgbased_choice imgbased_why imgbased_others
          set imgbased_default=
          set imgbased_once=
          set imgbased_trial=
          set imgbased_tries=
          set imgbased_good=
          set imgbased_besides=
          if [ -s "${prefix}/imgbased.env" ]; then
            load_env --file "${prefix}/imgbased.env" imgbased_default imgbased_once imgbased_trial imgbased_tries \
              imgbased_good imgbased_besides
          fi
          if regexp '^[1-9]$' "${imgbased_tries}"; then true; else
            set imgbased_tries=0
          fi
          set imgbased_found=
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
          # If a layer is known to come up, the entries besides layers are no longer the default.
          if [ -n "${imgbased_default}" -o -n "${imgbased_good}" -o "${imgbased_besides}" != 1 ]; then
            set imgbased_besides=
          fi
          # A trial without tries left does not come back as the default.
          if [ -n "${imgbased_trial}" -a "${imgbased_default}" = "${imgbased_trial}" ]; then
            set imgbased_default=
          fi
          # The layer to be tried could not be loaded.
          if [ -n "${imgbased_skip}" ]; then
            set imgbased_once=
            set imgbased_tries=0
          fi
          set imgbased_choice=
          set imgbased_why=
          set imgbased_others=
          set imgbased_layer=
          set imgbased_loading=
          set imgbased_best_good=
          set imgbased_best_unknown=
          set imgbased_best_bad=
        }

        # imgbased_part THIS NEXT LAYERS GOOD UNKNOWN BAD: a part of the menu has LAYERS; the others are its
        # newest good, unknown and bad layer. One match against the whole part finds the recorded layers: a
        # match for each layer would take longer than all the rest.
        function imgbased_part {
          if imgbased_next "$1" "$2"; then true; else
            return 1
          fi
          if [ -n "${imgbased_inside}" ]; then
            return 0
          fi
          if [ -z "${imgbased_pattern}" ]; then true; elif regexp "${imgbased_pattern}" " $3 "; then
            for imgbased_word in $3; do
              if [ "${imgbased_word}" = "${imgbased_default}" -o "${imgbased_word}" = "${imgbased_once}" \
                -o "${imgbased_word}" = "${imgbased_trial}" -o "${imgbased_word}" = "${imgbased_good}" ]; then
                set imgbased_found="${imgbased_found} ${imgbased_word}"
              fi
            done
            set imgbased_pattern=
            for imgbased_wanted in "${imgbased_default}" "${imgbased_once}" "${imgbased_trial}" "${imgbased_good}"; do
              imgbased_name "${imgbased_wanted}"
            done
          fi
          if [ -z "${imgbased_best_good}" ]; then
            set imgbased_best_good="$4"
          fi
          if [ -z "${imgbased_best_unknown}" ]; then
            set imgbased_best_unknown="$5"
          fi
          if [ -z "${imgbased_best_bad}" ]; then
            set imgbased_best_bad="$6"
          fi
        }

        # imgbased_elsewhere THIS: whether a recorded layer is only in the menu with all layers.
        function imgbased_elsewhere {
          if [ -z "${imgbased_pattern}" -o "${imgbased_read}" != "$1" ]; then
            return 1
          fi
          imgbased_whole "${imgbased_boot}/imgbased/menu.cfg"
        }

        # imgbased_choose WHY LAYER: the first layer found boots unattended, later ones if it cannot be
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

        # imgbased_decide POSITION:POSITION...: which entry boots unattended. If that is an entry besides
        # layers, a position set before moves down, behind our entries.
        function imgbased_decide {
          set imgbased_done=1
          if [ -n "${imgbased_once}" ]; then
            imgbased_choose once "${imgbased_once}"
          fi
          if [ "${imgbased_tries}" != 0 ]; then
            imgbased_choose trial "${imgbased_trial}"
          fi
          imgbased_choose default "${imgbased_default}"
          imgbased_choose good "${imgbased_good}"
          if [ -n "${imgbased_choice}" ]; then
            return 0
          fi
          if [ -z "${imgbased_besides}" ]; then
            for imgbased_word in "${imgbased_best_good}" "${imgbased_best_unknown}" "${imgbased_best_bad}"; do
              if [ -z "${imgbased_choice}" -a -n "${imgbased_word}" ]; then
                set imgbased_choice="imgbased-${imgbased_word}"
                set imgbased_why=best
              fi
            done
          elif [ "${boot_once}" != true ]; then
            if regexp --set=1:imgbased_before --set=2:imgbased_after '^([0-9]+)(>.*)?$' "${default}"; then
              while [ -n "$1" ]; do
                if regexp --set=1:imgbased_rest "^${imgbased_before}:(.*)\$" "$1"; then
                  set default="${imgbased_rest}${imgbased_after}"
                fi
                shift
              done
            fi
          fi
        }
        """#
}

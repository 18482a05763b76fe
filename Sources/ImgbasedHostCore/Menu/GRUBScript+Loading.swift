extension GRUBScript {
    /// The additional functions of the loader, which loads a layer in another's place.
    static let loading = #"""
        # imgbased_turn: whose turn it is: the picked layer; or those that would have come next, then any
        # layer. If the entries besides layers are the default, they replace any layer.
        function imgbased_turn {
          if [ -n "${imgbased_pick}" ]; then
            set imgbased_wanted="${imgbased_pick}"
            set imgbased_pick=
            set imgbased_loading=own
            set imgbased_loaded=
            return 0
          fi
          if [ -z "${imgbased_loading}" ]; then
            if [ -z "${imgbased_done}" -a -z "${imgbased_inside}" ]; then
              # The menu was not read.
              imgbased_recall
              if [ "${imgbased_tries}" = 0 ]; then
                set imgbased_trial=
              fi
              set imgbased_others="${imgbased_once} ${imgbased_trial} ${imgbased_default} ${imgbased_good}"
            fi
            set imgbased_loaded=
          fi
          set imgbased_loading=others
          if regexp --set=1:imgbased_wanted --set=2:imgbased_after '^ *([^ ]+)(.*)$' "${imgbased_others}"; then
            set imgbased_others="${imgbased_after}"
          else
            set imgbased_wanted=
            set imgbased_loading=last
          fi
        }

        # imgbased_try LAYER: whether it is the turn of LAYER, which is then begun.
        function imgbased_try {
          if [ -n "${imgbased_loaded}" ]; then
            return 1
          fi
          if [ -z "${imgbased_wanted}" -a -n "${imgbased_besides}" ]; then
            return 1
          fi
          if [ -n "${imgbased_wanted}" -a "${imgbased_wanted}" != "$1" ]; then
            return 1
          fi
          imgbased_begin "$1"
        }

        # imgbased_tried LAYER STATUS: notes whether LAYER was loaded.
        function imgbased_tried {
          if [ "$1" = "${imgbased_layer}" -a "$2" = 0 -a -z "${imgbased_refused}" ]; then
            set imgbased_loaded=1
          fi
        }

        # imgbased_again: whether there are more turns; none if the user picked the layer.
        function imgbased_again {
          if [ -n "${imgbased_loaded}" ]; then
            return 1
          fi
          if [ "${imgbased_loading}" = own -a -z "${imgbased_rescue}" ]; then
            test "${imgbased_choice}" = "imgbased-${imgbased_wanted}"
          else
            test "${imgbased_loading}" = others
          fi
        }
        """#

    /// The end of the loader: the next turn, or once GRUB's whole configuration again, without trials.
    static let nextTurn = #"""
        if imgbased_again; then
          source "${imgbased_boot}/imgbased/load.cfg"
        elif [ -z "${imgbased_loaded}" ]; then
          set imgbased_last="${imgbased_loading}"
          set imgbased_loading=
          if [ "${imgbased_last}" = last -a -n "${imgbased_besides}" -a -z "${imgbased_skip}" ]; then
            set imgbased_skip=1
            export imgbased_skip
            configfile "${prefix}/grub.cfg"
          fi
        fi
        """#
}

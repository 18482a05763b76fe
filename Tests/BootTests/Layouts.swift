/// A volume group that lvm2 lays out in a guest.
struct Layout {
    /// The name of the volume group.
    let group: String
    /// The number of disks. The script has them as `$1`, `$2`, … and together as `$@`.
    let diskCount: Int
    /// Makes the volume group.
    let script: String
    /// The volumes that can be booted.
    var volumes: [String] = []
    /// Thin pools that lvm2 activates without another volume.
    ///
    /// The helper never does so: these pools are recorded only for the tests of the plan.
    var pools: [String] = []
    /// The volumes that the helper does not activate.
    var refusals: [Refusal] = []

    /// A volume that the helper refuses.
    struct Refusal {
        /// The name of the volume.
        let volume: String
        /// The reason of the refusal.
        let reason: String
        /// The disks to scan, for the shell; `nil` for all. If set, the disks are refused, not the metadata.
        let disks: String?

        init(_ volume: String, _ reason: String, on disks: String? = nil) {
            self.volume = volume
            self.reason = reason
            self.disks = disks
        }
    }
}

extension Layout {
    /// Volume groups with bootable volumes. The functions are the guest's (`VM+Layouts.swift`).
    static let bootable = [
        Layout(
            group: "plain", diskCount: 2,
            script: """
                vgcreate "$group" "$@"
                plain -L 8M -n segments "$1"
                lvextend -L +4M "$group/segments" "$2"
                plain -L 4M -n linear --addtag some --addtag @other/+tag "$1"
                # Two runs of extents, the second joined from two.
                lvextend -L +12M "$group/segments" "$1"
                lvextend -L +8M "$group/segments" "$1"
                for size in 4k 64k 512k; do plain -i 2 -I $size -L 8M -n striped-$size; done
                plain -i 2 -I 64k -L 8M -n striped-grown
                plain -L 4M -n read-only
                fill read-only
                lvchange -p r "$group/read-only"
                lvextend -L +8M "$group/striped-grown"
                """,
            volumes: [
                "linear", "segments", "striped-4k", "striped-64k", "striped-512k", "striped-grown",
                "read-only",
            ]),
        // Names with every valid character, and sizes that are no multiples of the chunk size.
        Layout(
            group: "a--b.c+d_e-1", diskCount: 1,
            script: """
                vgcreate -s 64k "$group" "$1"
                lvcreate -y -L 8M -c 128k -T "$group/p-o--o+l."
                lvcreate -y -V 4160k --thinpool "$group/p-o--o+l." -n _x-y--z.1+2-
                lvcreate -y -L 8000k -T "$group/empty"
                """,
            volumes: ["_x-y--z.1+2-"], pools: ["empty"]),
        Layout(
            group: "areas", diskCount: 5,
            script: """
                pvcreate --dataalignment 4M "$1"
                pvcreate --bootloaderareasize 8M "$2"
                pvcreate --metadatasize 64M "$3"
                pvcreate --metadatacopies 2 "$4"
                pvcreate --metadatacopies 0 "$5"
                vgcreate -s 1M "$group" "$@"
                plain -L 2M -n root "$1"
                for disk in "$2" "$3" "$4" "$5"; do lvextend -L +2M "$group/root" "$disk"; done
                """,
            volumes: ["root"]),
        Layout(
            group: "wrapped", diskCount: 1,
            script: """
                pvcreate --metadatasize 32k --dataalignment 4k "$1"
                vgcreate "$group" "$1"
                plain -L 4M -n root
                # Until the newest text wraps to the start of its area, far earlier than the limit.
                for change in $(seq 100); do
                    ! is_wrapped "$1" || break
                    vgchange --addtag "change-$change" --deltag "change-$((change - 1))" "$group"
                done
                is_wrapped "$1"
                """,
            volumes: ["root"]),
        Layout(
            group: "pools", diskCount: 3,
            script: """
                vgcreate "$group" "$@"
                thin default
                thin kept -c 192k --discards nopassdown --errorwhenfull y
                thin bare -c 1M --discards ignore --errorwhenfull y --zero n
                thin striped -i 2 -I 64k
                thin profiled
                lvchange --metadataprofile thin-generic "$group/pool-profiled"
                # Data and metadata apart, then both with several segments.
                plain -L 8M -n pool-apart "$2"
                plain -L 4M -n pool-metadata "$3"
                lvconvert -y --type thin-pool --poolmetadata "$group/pool-metadata" "$group/pool-apart"
                lvcreate -y -V 8M --thinpool "$group/pool-apart" -n apart
                lvextend -L +8M "$group/pool-apart" "$1"
                lvextend --poolmetadatasize +4M "$group/pool-apart" "$2"
                # A read-only base, and a layer, which activation skips by default.
                fill default
                lvcreate -y -s -n layer "$group/default"
                lvchange -p r "$group/default"
                """,
            volumes: ["default", "layer", "kept", "bare", "striped", "profiled", "apart"],
            pools: ["pool-default", "pool-bare"]),
        Layout(
            group: "external", diskCount: 2,
            script: """
                vgcreate "$group" "$@"
                plain -L 8M -n origin
                fill origin
                lvchange -p r "$group/origin"
                lvcreate -y -L 16M -T "$group/pool"
                lvcreate -y -s --thinpool "$group/pool" -n layer "$group/origin"
                lvcreate -y -s -k n -n longer "$group/layer"
                lvextend -L +8M "$group/longer"
                # A thin volume can be an external origin for another pool.
                lvcreate -y -V 8M --thinpool "$group/pool" -n thin-origin
                fill thin-origin
                lvchange -p r "$group/thin-origin"
                lvcreate -y -L 16M -T "$group/other"
                lvchange -a n "$group/thin-origin"
                lvcreate -y -s --thinpool "$group/other" -n layer-of-thin "$group/thin-origin"
                """,
            volumes: ["origin", "layer", "longer", "thin-origin", "layer-of-thin"]),
        // Snapshots that keep an origin's content in their own volume: of a volume on disks and of a thin
        // volume. Some are to be merged: their origins were in use when the merge was requested.
        Layout(
            group: "snapshots", diskCount: 2,
            script: """
                vgcreate "$group" "$@"
                keep() { lvcreate -y -a n -s -L 4M "$@"; }
                for name in origin returning; do plain -L 8M -n $name; fill $name; done
                keep -n copy "$group/origin"
                keep -c 64k -n other-copy "$group/origin"
                keep -n returned "$group/returning"
                thin layer
                fill layer
                keep -n backup "$group/layer"
                thin merging
                fill merging
                lvcreate -y -s -k n -n merged "$group/merging"
                merge_later() {
                    lvchange -y -q -a y "$group/$2"
                    sleep 60 <"/dev/$group/$2" &
                    lvconvert -y --background --merge "$group/$1"
                    kill $!
                    wait $! || true
                }
                merge_later returned returning
                merge_later merged merging
                """,
            volumes: ["origin", "returning", "layer", "merging"]),
        // Settings for users, and the longest name; an odd volume does not affect the others.
        Layout(
            group: "settings", diskCount: 1,
            script: """
                vgcreate --alloc cling "$group" "$1"
                plain -L 4M -r 256 -n read-ahead
                plain -L 4M -r none -n no-read-ahead
                plain -L 4M -M y --major 254 --minor 99 -n fixed-minor
                plain -L 4M -n "$(printf 'n%.0s' $(seq 61))"
                plain -L 4M --alloc contiguous --metadataprofile thin-generic -n profiled
                # The size is the one before the extents were taken: only pvresize changes the size.
                pvresize -y --setphysicalvolumesize 64M "$1"
                lvcreate -y -a n -W n -Z n -l 100%FREE -n rest "$group"
                """,
            volumes: [
                "read-ahead", "no-read-ahead", "fixed-minor", String(repeating: "n", count: 61), "profiled",
                "rest",
            ]),
    ]

    /// Volume groups that are left to lvm2.
    static let refused = [
        Layout(
            group: "refused", diskCount: 4,
            script: """
                vgcreate "$group" "$@"
                plain --type raid1 -m 1 -L 4M -n raid1
                plain --type raid5 -i 2 -L 8M -n raid5
                plain --type raid1 -m 1 --raidintegrity y -L 4M -n integrity
                plain --type mirror -m 1 --mirrorlog core -L 4M -n mirror
                for name in cached cached-in writecached; do plain -L 8M -n $name; plain -L 8M -n $name-fast; done
                lvconvert -y --type cache --cachepool "$group/cached-fast" "$group/cached"
                lvconvert -y --type cache --cachevol "$group/cached-in-fast" "$group/cached-in"
                lvconvert -y --type writecache --cachevol "$group/writecached-fast" "$group/writecached"
                plain --type raid1 -m 1 -L 8M -n raid-pool
                lvconvert -y --type thin-pool "$group/raid-pool"
                lvcreate -y -V 4M --thinpool "$group/raid-pool" -n in-raid
                """,
            refusals: [
                Refusal("raid1", "volume 'refused/raid1' has a segment of type 'raid1'"),
                Refusal("raid5", "volume 'refused/raid5' has a segment of type 'raid5'"),
                Refusal("integrity", "volume 'refused/integrity' has a segment of type 'raid1'"),
                Refusal("mirror", "volume 'refused/mirror' has a segment of type 'mirror'"),
                Refusal("cached", "volume 'refused/cached' has a segment of type 'cache'"),
                Refusal(
                    "cached-in",
                    "volume 'refused/cached-in' has a segment of type 'cache+CACHE_USES_CACHEVOL'"
                ),
                Refusal("writecached", "volume 'refused/writecached' has a segment of type 'writecache'"),
                Refusal("in-raid", "volume 'refused/raid-pool_tdata' has a segment of type 'raid1'"),
            ]),
        Layout(
            group: "moving", diskCount: 2,
            script: """
                vgcreate "$group" "$@"
                lvcreate -y -W n -L 4M -n root "$group" "$1"
                # pvmove checks for the end first after 600 seconds.
                pvmove --background --interval +600 "$1" "$2"
                """,
            refusals: [Refusal("root", "volume 'moving/root' has the status LOCKED")]),
        Layout(
            group: "exported", diskCount: 1,
            script: """
                vgcreate "$group" "$1"
                plain -L 4M -n root
                vgexport "$group"
                """,
            refusals: [Refusal("root", "volume group 'exported' is exported")]),
        Layout(
            group: "foreign", diskCount: 1,
            script: """
                vgcreate "$group" "$1"
                plain -L 4M -n root
                vgchange -y --systemid another-host "$group"
                """,
            refusals: [
                Refusal("root", "volume group 'foreign' belongs to the host with system id 'another-host'")
            ]),
        Layout(
            group: "partial", diskCount: 2,
            script: """
                pvcreate --norestorefile --uuid 33333333333333333333333333333333 "$1"
                pvcreate --norestorefile --uuid 44444444444444444444444444444444 "$2"
                vgcreate "$group" "$@"
                plain -L 4M -n other "$1"
                plain -L 4M -n root "$2"
                # A change while a disk is missing. lvm2 remembers this after the disk is back.
                lvremove -y --config "devices/filter=['r|$2|']" "$group/other"
                vgck --updatemetadata "$group"
                """,
            refusals: [
                Refusal(
                    "root",
                    "volume group 'partial' was changed while physical volume "
                        + "444444-4444-4444-4444-4444-4444-444444, on which volume 'root' lies, was missing",
                    on: "\"$@\"")
            ]),
        Layout(
            group: "scattered", diskCount: 2,
            script: """
                pvcreate --norestorefile --uuid 11111111111111111111111111111111 --setphysicalvolumesize 255M \
                    "$1"
                pvcreate --norestorefile --uuid 22222222222222222222222222222222 "$2"
                vgcreate "$group" "$@"
                plain -L 4M -n root "$1"
                lvextend -L +4M "$group/root" "$2"
                cp --sparse=always "$2" /run/layouts/copy
                # The superblock of an md array of version 1.0 is 8 KiB before the end.
                cp --sparse=always "$1" /run/layouts/member
                printf '\\374\\116\\053\\251' |
                    dd status=none of=/run/layouts/member conv=notrunc oflag=seek_bytes seek=$(((256 << 20) - 8192))
                """,
            refusals: [
                Refusal(
                    "root",
                    "volume group 'scattered' lacks physical volume "
                        + "222222-2222-2222-2222-2222-2222-222222",
                    on: "\"$1\""),
                Refusal(
                    "root",
                    "'/dev/vdm' and '/run/layouts/copy' are both physical volume "
                        + "222222-2222-2222-2222-2222-2222-222222",
                    on: "\"$@\" /run/layouts/copy"),
                Refusal(
                    "root", "'/run/layouts/member' is a member of an md array",
                    on: "/run/layouts/member \"$2\""),
            ]),
    ]
}

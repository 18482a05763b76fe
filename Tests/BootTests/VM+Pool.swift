import TestMachine

/// Damage to the pool, done by a system that does not use it: the root image on the second disk.
extension VM {
    /// A start of that system; nothing in it activates a volume by itself.
    static var rescue: Machine.Boot {
        get throws {
            try Artefacts.image.boot(from: "/dev/vdb", "systemd.mask=lvm-activate-HostVG.service")
        }
    }

    /// Makes the metadata of the pool what `filter`, a command, makes of that of the healthy pool: it gets and gives XML
    /// as thin_dump(8) writes it. Returns a digest of the result.
    func rewritePool(_ filter: String) throws -> String {
        try changeMetadata(
            """
            [ -e /root/healthy.xml ] || { thin_dump $metadata >/root/healthy.xml && sync; }
            { \(filter)
            } </root/healthy.xml >/run/changed.xml
            thin_restore -q -i /run/changed.xml -o $metadata
            """)
    }

    /// Writes zeros over the mappings of the first volume in the pool, which is a base and not in use.
    func damagePool() throws {
        // struct thin_disk_superblock, data_mapping_root (linux: drivers/md/dm-thin-metadata.c); struct node_header,
        // nr_entries, max_entries (drivers/md/persistent-data/dm-btree-internal.h), then keys and values.
        _ = try changeMetadata(
            """
            number() { od -An -t "u$2" -j "$1" -N "$2" $metadata | tr -d ' '; }
            root=$(($(number 320 8) * 4096))
            first=$(number $((root + 32 + 8 * $(number $((root + 20)) 4))) 8)
            dd if=/dev/zero of=$metadata bs=4096 seek=$first count=1 conv=fsync status=none
            """)
    }

    /// Gives `layer` blocks of its own for all it can hold, and another volume all that are left. Returns a digest of the
    /// pool's metadata.
    func fillPool(owning layer: String) throws -> String {
        try check(
            """
            set -e
            lvchange -q -K -ay HostVG/\(layer)
            dd if=/dev/HostVG/\(layer) of=/dev/HostVG/\(layer) bs=1M conv=notrunc,fsync status=none
            lvcreate -y -q -V 4G -T HostVG/ImagePool -n filler
            chunk=$(dmsetup table HostVG-ImagePool-tpool | cut -d ' ' -f 6)
            blocks=$(dmsetup status HostVG-ImagePool-tpool | cut -d ' ' -f 6)
            free=$((${blocks#*/} - ${blocks%/*}))
            head -c $((free * chunk * 512)) /dev/zero |
                dd of=/dev/HostVG/filler bs=1M iflag=fullblock conv=notrunc,fsync status=none
            dmsetup status HostVG-ImagePool-tpool
            vgchange -q -an HostVG
            """, within: .minutes(10))
        return try digestOfInactivePool()
    }

    /// Writes zeros where the metadata of the pool begin. Returns a digest of the result.
    func destroyPool() throws -> String {
        try changeMetadata("dd if=/dev/zero of=$metadata bs=4096 count=1 conv=fsync status=none")
    }

    /// A digest of the metadata of the pool, which is not active.
    func digestOfInactivePool() throws -> String {
        try changeMetadata("")
    }

    /// Runs `script`, which finds the device of the pool's metadata in `$metadata`. Returns a digest of it.
    private func changeMetadata(_ script: String) throws -> String {
        let output = try check(
            """
            set -e
            lvchange -y -q -ay HostVG/ImagePool_tmeta
            table=$(dmsetup table HostVG-ImagePool_tmeta)
            lvchange -q -an HostVG/ImagePool_tmeta
            dmsetup create metadata --table "$table"
            metadata=/dev/mapper/metadata
            \(script)
            sync $metadata
            sha256sum <$metadata
            dmsetup remove metadata
            """, within: .minutes(5))
        return output.split(separator: "\n").last.map(String.init) ?? ""
    }

    /// A digest of the metadata of the pool that is active, as it is on the disk, whatever is in memory.
    func digestOfPoolMetadata() throws -> String {
        try check(
            """
            set -- $(dmsetup table HostVG-ImagePool_tmeta)
            dd if=/dev/vda4 iflag=direct,skip_bytes,count_bytes bs=1M skip=$(($5 * 512)) count=$(($2 * 512)) \
                status=none | sha256sum
            """)
    }
}

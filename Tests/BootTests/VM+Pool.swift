import TestMachine

/// Damage to the pool, done by a system that does not use the pool: the root image on the second disk.
extension VM {
    /// A start of the system on the second disk, which activates no volume by itself.
    static var rescue: Machine.Boot {
        get throws {
            try Artefacts.image.boot(from: "/dev/vdb", "systemd.mask=lvm-activate-HostVG.service")
        }
    }

    /// Replaces the pool's metadata by the output of `filter`, a command.
    ///
    /// Input and output are XML of thin_dump(8); the input is of the healthy pool. Returns a digest of the
    /// result.
    func rewritePool(_ filter: String) throws -> String {
        try changeMetadata(
            """
            thin_dump $metadata >/run/healthy.xml
            { \(filter)
            } </run/healthy.xml >/run/changed.xml
            thin_restore -q -i /run/changed.xml -o $metadata
            """)
    }

    /// Writes zeros over the mappings of the first volume in the pool, an unused base.
    func damagePool() throws {
        // struct thin_disk_superblock, data_mapping_root (linux: drivers/md/dm-thin-metadata.c); struct
        // node_header, nr_entries, max_entries (drivers/md/persistent-data/dm-btree-internal.h), then keys
        // and values.
        _ = try changeMetadata(
            """
            number() { od -An -t "u$2" -j "$1" -N "$2" $metadata | tr -d ' '; }
            root=$(($(number 320 8) * 4096))
            first=$(number $((root + 32 + 8 * $(number $((root + 20)) 4))) 8)
            dd if=/dev/zero of=$metadata bs=4096 seek=$first count=1 conv=fsync status=none
            """)
    }

    /// Gives `layer` its own blocks for its full size, and the other free blocks to a volume unknown to lvm2.
    ///
    /// Returns a digest of the pool's metadata.
    func fillPool(owning layer: String) throws -> String {
        try check(
            """
            set -e
            lvchange -q -K -ay HostVG/\(layer)
            dd if=/dev/HostVG/\(layer) of=/dev/HostVG/\(layer) bs=4M iflag=direct oflag=direct status=none
            vgchange -q -an HostVG
            """, within: .minutes(10))
        return try rewritePool(
            #"""
            awk -F '"' '
                /<superblock / {
                    for (field = 1; field < NF; field++) if ($field ~ / nr_data_blocks=/) blocks = $(field + 1)
                }
                /<single_mapping / { used[$4] }
                /<range_mapping / { for (block = $4; block < $4 + $6; block++) used[block] }
                /<\/superblock>/ {
                    for (block = run = count = 0; block <= blocks; block++) {
                        if (block < blocks && !(block in used)) {
                            run++
                        } else if (run) {
                            range = "origin_begin=\"" count "\" data_begin=\"" block - run "\" length=\"" run "\""
                            mappings = mappings "<range_mapping " range " time=\"0\"/>\n"
                            count += run
                            run = 0
                        }
                    }
                    print "<device dev_id=\"100\" mapped_blocks=\"" count "\" transaction=\"0\"" \
                        " creation_time=\"0\" snap_time=\"0\">"
                    printf "%s</device>\n", mappings
                }
                { print }'
            """#)
    }

    /// Writes zeros over the start of the pool's metadata. Returns a digest of the result.
    func destroyPool() throws -> String {
        try changeMetadata("dd if=/dev/zero of=$metadata bs=4096 count=1 conv=fsync status=none")
    }

    /// A digest of the metadata of the pool, which is not active.
    func digestOfInactivePool() throws -> String {
        try changeMetadata("")
    }

    /// Runs `script` with the device of the pool's metadata in `$metadata`. Returns a digest of the metadata.
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

    /// A digest of the active pool's metadata as they are on the disk, bypassing memory.
    func digestOfPoolMetadata() throws -> String {
        try check(
            """
            set -- $(dmsetup table HostVG-ImagePool_tmeta)
            dd if=/dev/vda4 iflag=direct,skip_bytes,count_bytes bs=1M skip=$(($5 * 512)) count=$(($2 * 512)) \
                status=none | sha256sum
            """)
    }
}

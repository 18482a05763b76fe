/// The metadata of a thin pool, as stored on its device (linux: drivers/md/dm-thin-metadata.c).
public enum ThinMetadata {
    private static let blockLength = 4096

    /// Whether `source` has no metadata: its first block is all zeros.
    ///
    /// The kernel takes that for a new pool, and writes the metadata of an empty one
    /// (`__superblock_all_zeroes`).
    public static func areMissing(in source: some BlockSource) throws(BlockReadError) -> Bool {
        try source.exactly(blockLength, at: 0).allSatisfy { $0 == 0 }
    }
}

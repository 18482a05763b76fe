import CLinux

/// Files that get their name when they are complete.
///
/// The callers differ in the rest: `SmallFile` flushes nothing, since a restart empties `/run`;
/// `ConfinedTree.replaceFile` flushes the file and its directory; `OpenDirectory` leaves the flush to the end
/// of the whole tree. A file that a boot loader reads is replaced otherwise, with flushes between the single
/// writes (`ConfinedTree.replaceBootFile`).
package enum Replacement {
    /// Runs `make`, which makes something named `temporary`, and renames that to `name`, both in the open
    /// `directory`: a reader finds the old or the new. A file left as `temporary` by an interrupted run goes
    /// first. After a failure, `temporary` is gone.
    ///
    /// The corresponding C functions are `unlinkat` and `renameat`.
    package static func put(
        _ temporary: UnsafePointer<CChar>, at name: UnsafePointer<CChar>, in directory: CInt = AT_FDCWD,
        shown: String, _ make: () throws(SystemError) -> Void
    ) throws(SystemError) {
        unlinkat(directory, temporary, 0)
        do throws(SystemError) {
            try make()
            guard renameat(directory, temporary, directory, name) == 0 else { throw .last("write", shown) }
        } catch {
            unlinkat(directory, temporary, 0)
            throw error
        }
    }
}

import CLinux

/// Files that get their name when they are complete.
///
/// The callers differ in their flushes. `SmallFile` flushes nothing, since a restart empties `/run`.
/// `ConfinedTree.replaceFile` flushes the file and its directory. `OpenDirectory` flushes the whole tree at
/// the end. For a file that a boot loader reads, use `ConfinedTree.replaceBootFile`, which flushes between
/// the single writes.
package enum Replacement {
    /// Runs `make`, which makes `temporary`, and renames that to `name`, both in the open `directory`.
    ///
    /// A reader finds the old file or the new one. This first removes a file that an interrupted run left as
    /// `temporary`. After a failure, `temporary` is gone.
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

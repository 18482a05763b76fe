import CLinux

/// The lock of an open file, given back when it goes out of use. To close the file would not do: a child of another thread
/// has it open as well until it executes its program, and the lock is that of all of them.
package struct FileLock: ~Copyable {
    /// The file.
    package let file: OpenFile

    /// Takes over the lock that `file` has.
    package init(of file: consuming OpenFile) {
        self.file = file
    }

    /// The corresponding C function is `flock`.
    deinit {
        flock(file.number, LOCK_UN)
    }
}

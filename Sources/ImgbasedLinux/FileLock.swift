import CLinux

/// The lock of an open file, released when this value goes out of use.
///
/// A close of the file is not enough. A child of another thread also has the file open until it executes its
/// program, and it shares the lock.
package struct FileLock: ~Copyable {
    /// The open file that has the lock.
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

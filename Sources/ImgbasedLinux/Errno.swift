import Glibc

/// The calling thread's `errno`.
func currentErrno() -> CInt {
    errno
}

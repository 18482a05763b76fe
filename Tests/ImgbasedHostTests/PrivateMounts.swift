import Glibc

/// Mounts that other tests do not see.
enum PrivateMounts {
    /// Whether what the calling thread mounts from now on is mounted for this thread alone, until it ends.
    static func begin() -> Bool {
        // Glibc's module hides it.
        guard let address = dlsym(nil, "unshare") else { return false }
        let unshare = unsafeBitCast(address, to: (@convention(c) (CInt) -> CInt).self)
        let newMounts: CInt = 0x20000
        return unshare(newMounts) == 0 && mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0
    }
}

import CLinux
import Glibc
public import ImgbasedHostCore

extension FileTime {
    /// The present, by the clock from which the kernel takes the times of files that change. It is up to a
    /// tick behind the time of day; much more in a virtual machine whose host is busy.
    ///
    /// The corresponding C function is `clock_gettime` of `CLOCK_REALTIME_COARSE`.
    public static func now() -> FileTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return FileTime(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
    }
}

import ImgbasedCore
import ImgbasedHostCore
import ImgbasedLinux

extension CarryOrder {
    /// Throws unless the pool has room for `size` now: much may have been written since the order was made.
    func checkRoomNow(_ size: Bytes) throws(HostFailure) {
        guard var room else { return }
        if let left = (try? PoolMeter(beneathDevice: to.device))?.room() { room.bytes = left }
        do throws(HostReason) { try room.check(size) } catch { throw .contents(error) }
    }
}

import ImgbasedCore
import ImgbasedHostCore

/// Why `body` is refused; `nil` where it is not.
func reason(_ body: () throws -> Void) -> HostReason? {
    do {
        try body()
        return nil
    } catch {
        return (error as? HostRefusal)?.reason
    }
}

import ImgbasedCore
import ImgbasedHostCore

/// The reason why `body` is refused; `nil` if it is not.
func reason(_ body: () throws -> Void) -> HostReason? {
    do {
        try body()
        return nil
    } catch {
        return (error as? HostRefusal)?.reason
    }
}

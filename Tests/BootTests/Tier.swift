import Foundation
import Testing

extension Trait where Self == ConditionTrait {
    /// Marks a test that `make check` leaves to `make check-all`: other tests show the same in less time, or it takes
    /// longer than a check may.
    static var checkAll: Self {
        .enabled(
            if: ProcessInfo.processInfo.environment["IMGBASED_CHECK"] == "all", "'make check-all' runs it")
    }
}

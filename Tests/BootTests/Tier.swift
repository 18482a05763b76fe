import Foundation
import Testing

extension Trait where Self == ConditionTrait {
    /// Leaves a test to `make check-all`: other tests show the same faster, or it takes too long for a check.
    static var checkAll: Self {
        .enabled(
            if: ProcessInfo.processInfo.environment["IMGBASED_CHECK"] == "all", "'make check-all' runs it")
    }
}

import Synchronization
import TestMachine
import Testing

@Suite struct DeadlineTests {
    @Test func aDelayPostponesTheDeadlineEvenAfterTheEndOfItsProgram() {
        let delay = Mutex(Duration.seconds(600))
        let deadline = Deadline(within: .seconds(-60)) { delay.withLock { $0 } }
        #expect(deadline.hasPassed)
        delay.withLock { $0 = .seconds(720) }
        #expect(!deadline.hasPassed)
        delay.withLock { $0 = .zero }
        #expect(!deadline.hasPassed)
    }

    @Test func theEndOfAProgramIsNoTimeout() {
        let delay = Mutex(Duration.seconds(600))
        let deadline = Deadline(within: .seconds(60)) { delay.withLock { $0 } }
        delay.withLock { $0 = .zero }
        #expect(!deadline.hasPassed)
    }
}

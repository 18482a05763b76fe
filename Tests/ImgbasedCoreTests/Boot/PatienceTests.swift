import Testing

@testable import ImgbasedCore

@Suite struct PatienceTests {
    @Test func whatWorksGoesOnAndWhatDoesNothingDoesNot() {
        var watch = Patience.Watch(Patience(idle: 10, total: 100), now: 5000)
        #expect(watch.verdict(work: 1, now: 6000) == .goesOn)
        #expect(watch.verdict(work: 1, now: 16_000) == .goesOn)
        // A decrease is a change too: a child has ended.
        #expect(watch.verdict(work: 0, now: 25_900) == .goesOn)
        #expect(watch.verdict(work: 0, now: 35_800) == .goesOn)
        #expect(watch.verdict(work: 0, now: 36_000) == .isIdle)
    }

    @Test func whatGoesRoundInCirclesEnds() {
        var watch = Patience.Watch(Patience(idle: 10, total: 100), now: 0)
        for second in 1...100 {
            #expect(watch.verdict(work: UInt64(second), now: Double(second) * 1000) == .goesOn)
        }
        #expect(watch.verdict(work: 200, now: 100_001) == .isSlow)
    }

    @Test func aCheckMayTakeADayButOnTrial() {
        let (plain, trial) = (limits("rd.imgbased.reason=default"), limits("rd.imgbased.reason=trial"))
        #expect(plain == BootLimits(timeout: 90, isOnTrial: false))
        #expect(plain.udev == 90)
        #expect(plain.tool == Patience(idle: 180, total: 1800))
        #expect(plain.check == Patience(idle: 180, total: 86_400))
        #expect(trial.check == plain.tool)
    }

    @Test(arguments: [(0, 10), (10, 10), (30, 30), (900, 900), (86_400, 900)])
    func nobodyIsHurriedOrWaitedForWithoutEnd(timeout: Int, counted: Int) {
        #expect(limits("rd.imgbased.timeout=\(timeout)").udev == counted)
        #expect(limits("rd.imgbased.timeout=\(timeout)").tool.idle == 2 * counted)
    }

    private func limits(_ text: String) -> BootLimits {
        BootRequest(commandLine: KernelCommandLine(text)).limits
    }
}
